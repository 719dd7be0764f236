# SPDX-License-Identifier: GPL-3.0-or-later
import torch

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.network.descent import mean_state
from model_server.learning.network.energy import Energy, total
from model_server.learning.network.gradient_fit import fit, torso_rotation
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import evidence_and_truth, people_of


def test_fitting_lowers_the_energy(samples: Samples, landmark_model: LandmarkModel) -> None:
    evidence, sight, _ = evidence_and_truth(people_of(samples)[:16], landmark_model)
    start = mean_state(torch.from_numpy(samples.rotations))
    few, more = fit(start, evidence, sight, landmark_model, (2, 20))
    energy = Energy()
    before, after = (total(energy(posed, evidence, sight)).mean() for posed in (few, more))
    assert after < 0.8 * before


def test_the_torso_is_turned_as_it_is(samples: Samples, landmark_model: LandmarkModel) -> None:
    evidence, _, truth = evidence_and_truth(people_of(samples), landmark_model)
    guess = torso_rotation(evidence)
    assert torch.allclose(guess @ guess.transpose(1, 2), torch.eye(3).expand_as(guess), atol=1e-4)
    cosine = ((guess * truth.rotations[:, 0]).sum((1, 2)) - 1) / 2
    assert cosine.median() > 0.8
