# SPDX-License-Identifier: GPL-3.0-or-later
"""Training pictures that were never rendered must be as true as those that were."""

import dataclasses

import torch

from model_server.learning.details.reading import DetailReading, nothing_read
from model_server.learning.faces.batch import (
    Faces,
    imagined,
    mirrored,
    nudged,
    other_side,
    places_px,
    truth_of,
)
from model_server.learning.faces.evidence import see


def test_two_mirrors_change_nothing(world) -> None:
    twice = mirrored(mirrored(world.faces, world.sides), world.sides)
    for name in ("actions", "resting", "rotation", "translation"):
        assert torch.equal(getattr(twice, name), getattr(world.faces, name))
    torch.testing.assert_close(
        twice.detection.landmarks_px, world.faces.detection.landmarks_px, atol=1e-2, rtol=0
    )


def test_a_mirror_swaps_the_sides_of_actions(world) -> None:
    assert other_side("eyeLookInLeft") == "eyeLookInRight"
    assert other_side("jawOpen") == "jawOpen"
    flipped = mirrored(world.faces, world.sides)
    left, right = (world.action_names.index(f"mouthSmile{side}") for side in ("Left", "Right"))
    assert torch.equal(flipped.actions[:, left], world.faces.actions[:, right])


def test_the_truth_of_a_mirrored_face_is_what_its_mirrored_picture_shows(world) -> None:
    flipped = mirrored(world.faces, world.sides)
    evidence = see(flipped.detection)
    truth = truth_of(flipped, evidence, world.model)
    # The actions of left and right are not exactly alike in the body.
    gap = (truth.points - evidence.points).norm(dim=2)
    assert gap.mean() < 0.02


def test_truth_projects_onto_a_perfect_detection(world) -> None:
    evidence = see(world.faces.detection)
    truth = truth_of(world.faces, evidence, world.model)
    torch.testing.assert_close(truth.points, evidence.points, atol=2e-3, rtol=0)


def test_somebody_else_rests_where_one_rests_and_is_seen_as_well(world) -> None:
    others = nudged(world.faces, world.model, torch.Generator().manual_seed(1))
    resting = (world.faces.actions == 0).all(1)
    assert resting.any()
    assert (others.actions[resting] == 0).all()
    assert not torch.equal(others.resting, world.faces.resting)
    evidence = see(others.detection)
    gap = (truth_of(others, evidence, world.model).points - evidence.points).norm(dim=2)
    assert gap.mean() < 0.03  # the noise that is added, and no more


def test_imagined_faces_do_what_they_are_told_and_are_seen_doing_it(world) -> None:
    expressions = torch.rand(
        20, len(world.action_names), generator=torch.Generator().manual_seed(2)
    )
    expressions = expressions * (expressions < 0.2)
    new = imagined(world.faces, expressions, world.model, torch.Generator().manual_seed(1))
    assert torch.equal(new.actions, expressions)
    evidence = see(new.detection)
    gap = (truth_of(new, evidence, world.model).points - evidence.points).norm(dim=2)
    assert gap.mean() < 0.03


def read_beside(faces: Faces) -> Faces:
    """As if an encoder had seen the points beside where they are, and mirrored ones elsewhere."""
    blank = nothing_read(faces.detection.landmarks_px)
    readings = [
        DetailReading(
            torch.full_like(blank.features, value),
            blank.heat_px + value,
            torch.ones_like(blank.heat_trust),
            torch.ones_like(blank.present),
        )
        for value in (1.0, 2.0)
    ]
    return dataclasses.replace(faces, reading=readings[0], mirror_reading=readings[1])


def test_a_mirror_trades_what_was_read(world) -> None:
    faces = read_beside(world.faces)
    flipped = mirrored(faces, world.sides)
    assert (flipped.reading.features == 2).all()
    gap = flipped.reading.heat_px - flipped.detection.landmarks_px
    torch.testing.assert_close(gap[..., 0], torch.full_like(gap[..., 0], -2), atol=1e-2, rtol=0)
    twice = mirrored(flipped, world.sides)
    torch.testing.assert_close(twice.reading.heat_px, faces.reading.heat_px, atol=1e-2, rtol=0)


def test_the_encoders_error_stays_when_a_face_becomes_somebody_elses(world) -> None:
    faces, generator = read_beside(world.faces), torch.Generator().manual_seed(1)
    others = nudged(faces, world.model, generator)
    gap = others.reading.heat_px - places_px(others, world.model)
    torch.testing.assert_close(gap, torch.ones_like(gap), atol=0.3, rtol=0)
    assert 0 < others.reading.present.mean() < 1  # some pictures are kept back
    new = imagined(faces, faces.actions[:5], world.model, generator)
    assert (new.reading.present == 0).all()  # nobody has a picture of them


def test_evidence_does_not_depend_on_the_size_of_the_photo(world) -> None:
    seen = world.faces.detection
    larger = dataclasses.replace(
        seen,
        landmarks_px=seen.landmarks_px * 2,
        depth=seen.depth * 2,
        focal_px=seen.focal_px * 2,
        center_px=seen.center_px * 2,
    )
    for name in ("points", "depth", "frontal", "extent"):
        one, two = (getattr(see(detection), name) for detection in (seen, larger))
        torch.testing.assert_close(one, two, atol=1e-3, rtol=1e-3)
