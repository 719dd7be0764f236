# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import torch

from model_server import session
from model_server.landmark_names import HIPS
from model_server.learning.network.evidence import CERTAIN, SHOULDERS, Detection, look_at, see
from model_server.learning.network.state import place_in_view, place_of
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import people_of, rolled


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


def test_how_people_lie_in_the_picture_does_not_matter(samples: Samples) -> None:
    people = people_of(samples)
    straight = replace(people.detection, center_px=people.detection.landmarks_px.mean(1))
    people = replace(people, detection=straight)
    angle = torch.linspace(-2.0, 2.0, len(people))
    upright, lying = see(people.detection), see(rolled(people, angle).detection)
    assert ((upright.points - lying.points).norm(dim=2).mean(1) < 0.06).all()
    assert ((upright.world - lying.world).norm(dim=2).mean(1) < 0.06).all()
    turned = lying.roll[:, 1] * upright.roll[:, 0] - lying.roll[:, 0] * upright.roll[:, 1]
    assert torch.allclose(turned, angle.sin(), atol=0.05)


def test_trunks_are_upright(samples: Samples) -> None:
    points = see(people_of(samples).detection).points
    up = points[:, SHOULDERS].mean(1) - points[:, HIPS].mean(1)
    seen = up.norm(dim=1) > 0.3
    assert seen.any()
    assert (up[seen, 1] < -0.8 * up[seen].norm(dim=1)).all()
