# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import torch

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.samples.store import Samples
from model_server.learning.tensors import joined
from model_server.learning.training.batch import People, people_of
from model_server.learning.training.imagine import imagined, true_points


class OnePose:
    """A sampler that knows one pose."""

    def sample(self, _rng: np.random.Generator, n: int) -> np.ndarray:
        return np.tile(np.eye(3, dtype=np.float32), (n, 22, 1, 1))


def dream(samples: Samples, body: LandmarkModel) -> tuple[People, People]:
    donors = people_of(samples)
    return donors, imagined(donors, OnePose(), body, np.random.default_rng(0))


def test_errors_are_borrowed_in_proportion(samples: Samples, landmark_model: LandmarkModel) -> None:
    _, people = dream(samples, landmark_model)
    tangents, centred = true_points(
        people.rotations, people.phenotypes, people.translation, landmark_model
    )
    seen = people.detection
    px = tangents * seen.focal_px[:, None, None] + seen.center_px[:, None]
    # The donors' detector is one pixel off in 320; the pictures are alike in size.
    assert (seen.landmarks_px - px).norm(dim=2).median() < 3
    assert torch.allclose(seen.world, centred, atol=1e-4)


def test_visibility_comes_from_a_donor(samples: Samples, landmark_model: LandmarkModel) -> None:
    donors, people = dream(samples, landmark_model)
    known = {tuple(row.tolist()) for row in donors.detection.visibility}
    assert {tuple(row.tolist()) for row in people.detection.visibility} <= known


def test_groups_are_joined_in_order(samples: Samples, landmark_model: LandmarkModel) -> None:
    donors, people = dream(samples, landmark_model)
    both = joined([donors, people])
    assert len(both) == len(donors) + len(people)
    assert torch.equal(both.detection.world[len(donors) :], people.detection.world)
