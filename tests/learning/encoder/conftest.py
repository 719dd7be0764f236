# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.dataset import Answers, Shard, told_of
from model_server.learning.network.evidence import see
from model_server.learning.samples.pictures import encode
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import mirrored, people_of, truth_of


@pytest.fixture(scope="module")
def shard(samples: Samples, landmark_model: LandmarkModel) -> Shard:
    people = people_of(samples)
    truth = truth_of(people, see(people.detection), landmark_model)
    image = np.full((320, 320, 3), 127, np.uint8)
    parts = np.zeros((320, 320), np.uint8)
    parts[:, :160] = 6  # left foot, in the left half
    picture = encode(image, parts, (parts > 0).astype(np.float32))
    answers = Answers(
        torch.zeros(0),
        people.detection.landmarks_px,
        truth.landmarks[:, :33],
        truth.rotations,
        truth.phenotypes,
    )
    told, mirror_told = told_of(people), told_of(mirrored(people))
    return Shard(people, [picture] * len(people), answers, told, mirror_told)
