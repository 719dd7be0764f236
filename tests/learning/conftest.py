# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch

from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel, body_with_skin
from model_server.learning.body.rotations import matrix_from_6d
from model_server.learning.samples.people import random_people
from model_server.learning.samples.store import Samples


@pytest.fixture(scope="session")
def body() -> BodyModel:
    return BodyModel()


@pytest.fixture(scope="session")
def landmark_model(body: BodyModel) -> LandmarkModel:
    return body_with_skin(body)


@pytest.fixture(scope="session")
def samples(landmark_model: LandmarkModel) -> Samples:
    """Random people whose detector is nearly perfect."""
    rng = np.random.default_rng(1)
    count = 64
    six = torch.tensor([1.0, 0, 0, 0, 1, 0]) + 0.2 * torch.from_numpy(
        rng.normal(size=(count, 22, 6))
    )
    drawn = random_people(matrix_from_6d(six).float().numpy(), landmark_model, rng)
    with torch.no_grad():
        landmarks, _ = landmark_model(
            torch.from_numpy(drawn.phenotypes), torch.from_numpy(drawn.rotations)
        )
    points = landmarks[:, :33].numpy()
    cam = points + drawn.translation[:, None]
    px = cam[..., :2] / cam[..., 2:] * drawn.focal_px[:, None, None] + drawn.center_px[:, None]
    world = points - points[:, 23:25].mean(1, keepdims=True)
    depth = world[..., 2] * (drawn.focal_px / drawn.translation[:, 2])[:, None]
    seen = (px + rng.normal(0, 1, px.shape), rng.uniform(0.5, 1, px.shape[:2]), world, depth)
    truth = (drawn.rotations, drawn.phenotypes, drawn.translation, drawn.focal_px, drawn.center_px)
    return Samples(*truth, *(value.astype(np.float32) for value in seen))
