# SPDX-License-Identifier: GPL-3.0-or-later
import torch

from model_server import session
from model_server.learning.network.evidence import CERTAIN, Detection, look_at, see
from model_server.learning.network.state import place_in_view, place_of
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import people_of


def scaled(detection: Detection, factor: float) -> Detection:
    return Detection(
        detection.landmarks_px * factor,
        detection.visibility,
        detection.world,
        detection.depth * factor,
        detection.focal_px * factor,
        detection.center_px * factor,
        detection.ends,
        detection.ends_trust,
    )


def test_evidence_does_not_depend_on_the_resolution_of_the_photo(samples: Samples) -> None:
    detection = people_of(samples).detection
    once, twice = see(detection), see(scaled(detection, 2.0))
    assert torch.allclose(once.points, twice.points, atol=1e-4)
    assert torch.allclose(once.depth, twice.depth, atol=1e-4)


def test_evidence_is_centred_and_of_unit_spread(samples: Samples) -> None:
    evidence = see(people_of(samples).detection)
    weight = evidence.trust / evidence.trust.sum(1, keepdim=True)
    radius = (weight * evidence.points.square().sum(2)).sum(1).sqrt()
    assert ((radius - 1).abs() < 0.1).all()


def test_look_at_looks_along_the_direction_and_stays_level() -> None:
    direction = torch.tensor([[0.3, -0.2, 1.0], [0.0, 0.0, 1.0]])
    rotation = look_at(direction)
    axis = torch.nn.functional.normalize(direction, dim=1)
    assert torch.allclose(rotation[:, :, 2], axis, atol=1e-6)
    assert torch.allclose(rotation[:, 1, 0], torch.zeros(2), atol=1e-6)
    assert torch.allclose(torch.linalg.det(rotation), torch.ones(2), atol=1e-6)


def test_place_round_trip() -> None:
    extent = torch.tensor([[0.1], [0.3]])
    translation = torch.tensor([[0.2, -0.1, 3.0], [0.0, 0.3, 1.2]])
    assert torch.allclose(
        place_in_view(place_of(translation, extent), extent), translation, atol=1e-5
    )


def test_training_and_server_mean_the_same_by_certain() -> None:
    assert CERTAIN == session.CERTAIN
