# SPDX-License-Identifier: GPL-3.0-or-later
import pytest
import torch

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.network.config import NetworkConfig
from model_server.learning.network.descent import Descent, mean_state
from model_server.learning.network.energy import compare, total
from model_server.learning.network.state import Posed
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import evidence_and_truth, people_of

TINY = NetworkConfig(stages=3, context=16, memory=16, hidden=16)


@pytest.fixture
def network(landmark_model: LandmarkModel, samples: Samples) -> Descent:
    torch.manual_seed(0)
    return Descent(TINY, landmark_model, mean_state(torch.from_numpy(samples.rotations)))


def test_one_state_per_stage_and_more_stages_on_demand(network: Descent, samples: Samples) -> None:
    evidence, sight, _ = evidence_and_truth(people_of(samples), network.body)
    assert len(network(evidence, sight)[0]) == 4
    assert len(network(evidence, sight, stages=6)[0]) == 7


def test_a_batch_is_its_people_one_by_one(network: Descent, samples: Samples) -> None:
    people = people_of(samples)
    together, alone = (
        network(*evidence_and_truth(some, network.body)[:2])[0][-1]
        for some in (people, people[3:4])
    )
    assert torch.allclose(together.landmarks[3:4], alone.landmarks, atol=1e-5)
    assert torch.allclose(together.translation[3:4], alone.translation, rtol=1e-4)


def test_every_weight_gets_a_gradient(network: Descent, samples: Samples) -> None:
    evidence, sight, _ = evidence_and_truth(people_of(samples), network.body)
    _, energies = network(evidence, sight)
    energies.sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


def test_the_truth_has_less_energy_than_other_poses(
    landmark_model: LandmarkModel, samples: Samples
) -> None:
    evidence, sight, truth = evidence_and_truth(people_of(samples), landmark_model)
    facing = torch.zeros(len(truth.landmarks), landmark_model.skin_points)
    right = Posed(
        truth.rotations,
        truth.phenotypes,
        truth.translation,
        truth.landmarks,
        truth.joints,
        truth.points,
        facing,
    )
    shuffled = truth.landmarks.roll(1, 0)
    points = (shuffled + truth.translation[:, None])[..., :2] / truth.translation[:, None, 2:]
    wrong = Posed(
        truth.rotations,
        truth.phenotypes,
        truth.translation,
        shuffled,
        truth.joints,
        points / evidence.extent[:, None],
        facing,
    )
    better, worse = (total(compare(posed, evidence, sight)) for posed in (right, wrong))
    assert (better < worse).float().mean() > 0.95
