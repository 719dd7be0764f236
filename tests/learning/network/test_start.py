# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses

import pytest
import torch
from torch import Tensor

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.network.config import METHODS
from model_server.learning.network.descent import Descent, mean_state
from model_server.learning.network.evidence import Evidence
from model_server.learning.network.picture import Sight
from model_server.learning.network.start import Before, start_of
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import evidence_and_truth, people_of

SMALL = {"context": 16, "hidden": 16, "context_blocks": 1, "stage_blocks": 1, "memory": 8}


@pytest.fixture(scope="module")
def network(landmark_model: LandmarkModel, samples: Samples) -> Descent:
    torch.manual_seed(0)
    config = dataclasses.replace(METHODS["hund"], **SMALL)
    return Descent(config, landmark_model, mean_state(torch.from_numpy(samples.rotations))).eval()


@pytest.fixture(scope="module")
def seen(network: Descent, samples: Samples) -> tuple[Evidence, Sight]:
    evidence, sight, _ = evidence_and_truth(people_of(samples), network.body)
    return evidence, sight


def before(samples: Samples, *, there: float = 0.0, body: float = 0.0) -> Before:
    """Everybody as they truly are, in a frame before."""
    people = people_of(samples)
    count = len(people)
    return Before(
        start_rotations=people.rotations[:, 1:],
        start_root=people.rotations[:, 0],
        start_translation=people.translation,
        start_phenotypes=people.phenotypes,
        start_memory=torch.linspace(-1, 1, SMALL["memory"]).repeat(count, 1),
        start_there=torch.full((count, 1), there),
        start_body=torch.full((count, 1), body),
    )


@torch.no_grad()
def test_whoever_was_not_there_descends_as_in_a_photo(
    network: Descent, samples: Samples, seen: tuple[Evidence, Sight]
) -> None:
    evidence, sight = seen
    start = start_of(before(samples), evidence)
    photo, photo_memory = network.descend(evidence, sight)
    clip, memory = network.descend(evidence, sight, start=start)
    for a, b in zip(photo, clip, strict=True):
        assert torch.equal(a.state, b.state)
    assert torch.equal(photo_memory, memory)
    nothing = Before(*(torch.zeros_like(value) for value in vars(before(samples)).values()))
    clip, _ = network.descend(evidence, sight, start=start_of(nothing, evidence))
    assert torch.equal(photo[-1].posed.landmarks, clip[-1].posed.landmarks)


@torch.no_grad()
def test_whoever_was_there_begins_there(
    network: Descent, samples: Samples, seen: tuple[Evidence, Sight]
) -> None:
    evidence, sight = seen
    then = before(samples, there=1.0)
    places, memory = network.descend(evidence, sight, start=start_of(then, evidence))
    first = places[0].posed
    virtual_from_cam = evidence.cam_from_virtual.transpose(-1, -2)
    assert torch.allclose(first.rotations[:, 1:], then.start_rotations, atol=1e-4)
    assert torch.allclose(first.rotations[:, 0], virtual_from_cam @ then.start_root, atol=1e-4)
    place = (evidence.cam_from_virtual @ first.translation[..., None]).squeeze(-1)
    assert torch.allclose(place, then.start_translation, rtol=1e-3, atol=1e-3)
    assert torch.allclose(first.phenotypes, then.start_phenotypes, atol=2e-3)
    _, fresh = network.descend(evidence, sight)
    assert not torch.allclose(memory, fresh)
    energies = torch.stack([place.energy for place in places])
    assert (energies.diff(dim=0) <= 0).all()


@torch.no_grad()
@pytest.mark.parametrize("there", [0.0, 1.0])
def test_a_known_body_stays(
    network: Descent, samples: Samples, seen: tuple[Evidence, Sight], there: float
) -> None:
    evidence, sight = seen
    then = before(samples, there=there, body=1.0)
    places, _ = network.descend(evidence, sight, start=start_of(then, evidence))
    for place in places:
        assert torch.allclose(place.posed.phenotypes, then.start_phenotypes, atol=2e-3)
    assert moved(places[0].state, places[-1].state) > 0


def moved(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max())
