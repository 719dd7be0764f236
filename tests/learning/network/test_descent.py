# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses

import pytest
import torch

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.network.config import ABLATIONS, METHODS, TERMS
from model_server.learning.network.descent import Descent, mean_state
from model_server.learning.network.energy import Energy, total
from model_server.learning.network.state import END_BONES, Posed
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import evidence_and_truth, people_of

SMALL = {"context": 16, "hidden": 16, "context_blocks": 1, "stage_blocks": 1}


def small_network(method: str, landmark_model: LandmarkModel, samples: Samples) -> Descent:
    torch.manual_seed(0)
    config = dataclasses.replace(METHODS[method], **SMALL)
    return Descent(config, landmark_model, mean_state(torch.from_numpy(samples.rotations)))


@pytest.fixture(params=sorted(METHODS))
def network(
    request: pytest.FixtureRequest, landmark_model: LandmarkModel, samples: Samples
) -> Descent:
    return small_network(request.param, landmark_model, samples)


def test_one_state_per_stage_and_more_stages_on_demand(network: Descent, samples: Samples) -> None:
    evidence, sight, _ = evidence_and_truth(people_of(samples), network.body)
    posed, energies = network(evidence, sight)
    assert len(posed) == len(energies) == network.config.stages + 1
    more = network.config.stages + 3 if network.config.stages else 0
    assert len(network(evidence, sight, stages=more)[0]) == more + 1


def test_a_method_that_does_not_read_pictures_does_not_look(
    landmark_model: LandmarkModel, samples: Samples
) -> None:
    network = small_network("hund", landmark_model, samples)
    people = people_of(samples)
    evidence, sight, _ = evidence_and_truth(people, landmark_model)
    seeing = dataclasses.replace(
        sight, features=torch.ones_like(sight.features), present=torch.ones_like(sight.present)
    )
    looks = [network(evidence, each)[0][-1].landmarks for each in (sight, seeing)]
    assert not torch.allclose(*looks)
    network.config = dataclasses.replace(network.config, reads=())
    blind = [network(evidence, each)[0][-1].landmarks for each in (sight, seeing)]
    assert torch.allclose(*blind)


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
        if name.startswith("energy."):  # the prior is fixed
            assert parameter.grad is None
            continue
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
        landmark_model.world(truth.rotations)[:, END_BONES],
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
        landmark_model.world(truth.rotations)[:, END_BONES],
        points / evidence.extent[:, None],
        facing,
    )
    energy = Energy()
    better, worse = (total(energy(posed, evidence, sight)) for posed in (right, wrong))
    assert (better < worse).float().mean() > 0.95


@pytest.mark.parametrize("name", sorted(ABLATIONS))
def test_ablations_run_and_differ(
    name: str, landmark_model: LandmarkModel, samples: Samples
) -> None:
    config = dataclasses.replace(ABLATIONS[name], **SMALL)
    network = Descent(config, landmark_model, mean_state(torch.from_numpy(samples.rotations)))
    posed, energies = network(*evidence_and_truth(people_of(samples), landmark_model)[:2])
    assert len(posed) == config.stages + 1
    assert torch.isfinite(energies).all()
    assert config != dataclasses.replace(METHODS["hund"], **SMALL)


def test_terms_that_are_left_out_count_nothing(
    landmark_model: LandmarkModel, samples: Samples
) -> None:
    evidence, sight, _ = evidence_and_truth(people_of(samples), landmark_model)
    posed = small_network("hund", landmark_model, samples)(evidence, sight)[0][-1]
    whole, some = (
        Energy(terms)(posed, evidence, sight).energies for terms in (tuple(TERMS), ("pose",))
    )
    pose = list(TERMS).index("pose")
    assert (whole > 0).any(0).sum() >= 4
    assert torch.equal(some[:, pose], whole[:, pose])
    assert some.count_nonzero() == some[:, pose].count_nonzero()


def test_energies_never_rise_where_steps_are_safeguarded(
    landmark_model: LandmarkModel, samples: Samples
) -> None:
    evidence, sight, _ = evidence_and_truth(people_of(samples), landmark_model)
    network = small_network("hund", landmark_model, samples)
    for parameter in network.stage.parameters():
        torch.nn.init.normal_(parameter, std=0.5, generator=torch.Generator().manual_seed(0))
    _, energies = network(evidence, sight, stages=8)
    assert (energies.diff(dim=0) <= 0).all()
    network.config = dataclasses.replace(network.config, safeguarded=False)
    _, energies = network(evidence, sight, stages=8)
    assert (energies.diff(dim=0) > 0).any()
