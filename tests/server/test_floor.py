# SPDX-License-Identifier: GPL-3.0-or-later
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from model_server.bones import Array, BodyBones
from model_server.camera import Camera
from model_server.floor import SharedFloor
from model_server.physique import Physique
from model_server.session import DescentConfig, Evidence, Posed
from model_server.settings import ASSETS
from model_server.turns import turn_about

ASSET = ASSETS / "anny.npz"
PHENOTYPES: tuple[str, ...] = ("gender", "age", "muscle", "weight", "height", "proportions")
POSE_BONES: tuple[str, ...] = ("upperleg01.L", "upperleg01.R", "spine03")
ADULT = dict(zip(PHENOTYPES, (0.0, 0.7, 0.5, 0.5, 0.4, 0.5), strict=True))
LEVEL = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # cam_from_world, z up, y ahead
TILT = turn_about(np.array([1.0, 0, 0]), 0.2) @ LEVEL  # looks down
CAMERA = Camera(900.0, (400.0, 400.0), "given")
CAMERA_M = 1.6


@dataclass(frozen=True)
class Somebody:
    stature: float
    across: float
    ahead: float
    above: float = 0.0  # the floor
    believed: float | None = None  # stature, if it is not the true one
    lies: bool = False


@pytest.fixture(scope="module")
def floor() -> SharedFloor:
    if not ASSET.is_file():
        pytest.skip("the body asset is not exported")
    physique = Physique(ASSET, BodyBones(ASSET))
    return SharedFloor(DescentConfig("anny", POSE_BONES, PHENOTYPES, memory=0), physique)


def group(floor: SharedFloor, people: Sequence[Somebody]) -> tuple[Posed, Evidence]:
    """People as a network would pose them that errs in sizes, and landmarks that are right."""
    truths = [_at(floor, person, person.stature, 1) for person in people]
    sizes = [person.believed or person.stature for person in people]
    errors = [size / person.stature for size, person in zip(sizes, people, strict=True)]
    posed = [_at(floor, *each) for each in zip(people, sizes, errors, strict=True)]
    count = len(people)
    stacked = Posed(*(np.concatenate(each) for each in zip(*(vars(p).values() for p in posed))))  # noqa: B905
    px = CAMERA.project(np.concatenate([truth.landmarks_cam for truth in truths]))
    evidence = Evidence(
        px.astype(np.float32),
        np.ones((count, 33), np.float32),
        stacked.landmarks_cam,
        np.ones((count, 33), np.float32),
        np.full(count, CAMERA.focal_px, np.float32),
        np.tile(np.array(CAMERA.center_px, np.float32), (count, 1)),
        *[np.zeros((count, 0), np.float32)] * 8,
    )
    return stacked, evidence


def _at(floor: SharedFloor, person: Somebody, stature: float, farther: float) -> Posed:
    """One of `stature` where somebody stands, but `farther` times as far along the ray."""
    shape = floor.physique.with_stature(ADULT, stature)
    turns = np.tile(np.eye(3), (len(POSE_BONES), 1, 1))
    body = turn_about(np.array([0.0, 1, 0]), np.pi / 2) if person.lies else np.eye(3)
    rotations = dict(zip(POSE_BONES, turns, strict=True))
    true_shape = floor.physique.with_stature(ADULT, person.stature)
    around, _ = floor.physique.landmarks(true_shape, rotations, body)
    height = person.above - CAMERA_M - around[:, 2].min()
    place = farther * TILT @ [person.across, person.ahead, height]
    landmarks, joints = floor.physique.landmarks(shape, rotations, TILT @ body)
    return Posed(
        turns[None].astype(np.float32),
        (TILT @ body)[None].astype(np.float32),
        place[None].astype(np.float32),
        np.array([list(shape.values())], np.float32),
        (joints + place)[None].astype(np.float32),
        (landmarks + place)[None].astype(np.float32),
        np.zeros(1, np.float32),
        np.zeros((1, 0), np.float32),
    )


def statures(floor: SharedFloor, posed: Posed) -> Array:
    shapes = [dict(zip(PHENOTYPES, row.tolist(), strict=True)) for row in posed.phenotypes]
    return np.array([floor.physique.stature(shape) for shape in shapes])


MOTHER, FATHER = Somebody(1.66, -0.8, 4.0), Somebody(1.82, 0.9, 5.0)
SON = Somebody(1.15, 0.1, 3.4)


@pytest.mark.parametrize("believed", [1.35, 1.5, 1.6])
def test_a_child_taken_for_an_adult_becomes_a_child(floor: SharedFloor, believed: float) -> None:
    people = [MOTHER, FATHER, replace(SON, believed=believed)]
    posed, evidence = group(floor, people)
    joined = floor.joined(posed, evidence, range(3))
    before, after = statures(floor, posed), statures(floor, joined)
    assert abs(after[2] / SON.stature - 1) < 0.5 * abs(before[2] / SON.stature - 1)
    assert after[2] / after[:2].mean() == pytest.approx(1.15 / 1.74, rel=0.1)
    assert joined.phenotypes[2, 1] < posed.phenotypes[2, 1]
    true_depth = group(floor, [SON])[0].translation[0, 2]
    off = abs(posed.translation[2, 2] - true_depth)
    assert abs(joined.translation[2, 2] - true_depth) < 0.5 * off


def test_an_adult_taken_for_a_child_becomes_an_adult(floor: SharedFloor) -> None:
    people = [replace(MOTHER, believed=1.4), FATHER, SON]
    posed, evidence = group(floor, people)
    after = statures(floor, floor.joined(posed, evidence, range(3)))
    assert after[0] > 1.52
    assert after[2] == pytest.approx(SON.stature, rel=0.06)


def test_everybody_stays_where_they_are_in_the_picture(floor: SharedFloor) -> None:
    posed, evidence = group(floor, [MOTHER, FATHER, replace(SON, believed=1.5)])
    joined = floor.joined(posed, evidence, range(3))
    before, after = (
        np.linalg.norm(CAMERA.project(each.landmarks_cam) - evidence.landmarks_px, axis=2).mean()
        for each in (posed, joined)
    )
    assert after < before + 1
    np.testing.assert_array_equal(joined.rotations, posed.rotations)
    np.testing.assert_array_equal(joined.root, posed.root)


def test_landmarks_and_joints_are_those_of_the_changed_body(floor: SharedFloor) -> None:
    posed, evidence = group(floor, [MOTHER, FATHER, replace(SON, believed=1.5)])
    joined = floor.joined(posed, evidence, range(3))
    shape = dict(zip(PHENOTYPES, joined.phenotypes[2].tolist(), strict=True))
    landmarks, joints = floor.physique.landmarks(shape, {}, joined.root[2])
    place = joined.translation[2]
    np.testing.assert_allclose(joined.landmarks_cam[2], landmarks + place, atol=1e-4)
    np.testing.assert_allclose(joined.keypoints_cam[2], joints + place, atol=1e-4)


def test_people_who_are_right_stay(floor: SharedFloor) -> None:
    posed, evidence = group(floor, [MOTHER, FATHER, SON])
    joined = floor.joined(posed, evidence, range(3))
    np.testing.assert_array_equal(joined.translation, posed.translation)
    np.testing.assert_array_equal(joined.phenotypes, posed.phenotypes)


def test_who_is_alone_stays(floor: SharedFloor) -> None:
    posed, evidence = group(floor, [replace(SON, believed=1.6)])
    assert floor.joined(posed, evidence, [0]) is posed


def test_of_several_looks_only_the_believed_ones_count(floor: SharedFloor) -> None:
    posed, evidence = group(floor, [MOTHER, replace(SON, believed=1.6), FATHER])
    joined = floor.joined(posed, evidence, [0, 2])
    np.testing.assert_array_equal(joined.translation, posed.translation)


@pytest.mark.parametrize("feet_seen", [0.0, 0.3])
def test_feet_that_nobody_sees_say_nothing(floor: SharedFloor, feet_seen: float) -> None:
    posed, evidence = group(floor, [MOTHER, FATHER, replace(SON, believed=1.6)])
    visibility = evidence.visibility.copy()
    visibility[2, 25:] = feet_seen
    joined = floor.joined(posed, replace(evidence, visibility=visibility), range(3))
    np.testing.assert_array_equal(joined.translation, posed.translation)


@pytest.mark.parametrize("others", [[MOTHER], [MOTHER, FATHER]])
def test_who_lies_stays(floor: SharedFloor, others: list[Somebody]) -> None:
    people = [*others, Somebody(1.7, 0.2, 3.4, lies=True, believed=1.4)]
    posed, evidence = group(floor, people)
    joined = floor.joined(posed, evidence, range(len(people)))
    np.testing.assert_array_equal(joined.translation, posed.translation)


def test_who_is_far_above_the_floor_stays(floor: SharedFloor) -> None:
    people = [MOTHER, FATHER, Somebody(1.7, -1.6, 4.5), Somebody(1.75, 0.2, 4.4, above=0.9)]
    posed, evidence = group(floor, people)
    joined = floor.joined(posed, evidence, range(4))
    np.testing.assert_array_equal(joined.translation[3], posed.translation[3])
    np.testing.assert_allclose(statures(floor, joined), [1.66, 1.82, 1.7, 1.75], rtol=0.08)
