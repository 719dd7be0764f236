# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.unusual import HEADER, Trial, apart_mm, degrees_apart, line
from benchmarks.unusual_scenes import SCENES, SIZE, Scene, facing, parameters_of, placed
from model_server.camera import Camera
from model_server.learning.mocap import so3
from model_server.learning.mocap.gestures import GESTURES, STANCES
from model_server.learning.rendering.posing import PosedPerson

NAMES = ("nose", "left_hip", "right_hip", "left_ankle", "right_ankle")
STANDING = np.array(  # camera axes, metres
    [[0, -0.7, -0.1], [0.1, 0, 0], [-0.1, 0, 0], [0.1, 0.9, 0.1], [-0.1, 0.9, 0.1]]
)
FOCAL_PX = 1.2 * SIZE


def seen_px(scene: Scene) -> np.ndarray:
    camera = Camera(FOCAL_PX, (SIZE / 2, SIZE / 2), "given")
    return camera.project(STANDING + placed(STANDING, NAMES, scene, FOCAL_PX))


def test_a_person_fills_the_wanted_share_of_the_picture() -> None:
    px = seen_px(Scene("legs apart", share=0.5))
    assert np.ptp(px[:, 1]) == pytest.approx(0.5 * SIZE, rel=0.08)
    assert (px.min(axis=0) + px.max(axis=0)) / 2 == pytest.approx([SIZE / 2] * 2, abs=15)


def test_a_picture_cropped_at_the_waist_ends_at_the_hips() -> None:
    px = seen_px(Scene("legs apart", share=0.8, cropped=True))
    np.testing.assert_allclose(px[1:3, 1].mean(), SIZE, atol=0.5)
    assert 0 < px[0, 1] < SIZE / 2
    assert (px[3:, 1] > SIZE).all()


def test_a_pose_turned_to_the_front_stays_the_same_pose() -> None:
    rng = np.random.default_rng(0)
    pose = so3.from_quaternion(rng.normal(size=(22, 4)))
    front = facing(pose)
    assert -front[0][0, 1] == pytest.approx(0, abs=1e-9)  # the pelvis looks along y …
    assert -front[0][1, 1] < 0  # … to the front
    np.testing.assert_array_equal(front[1:], pose[1:])
    np.testing.assert_allclose(front[0][2], pose[0][2], atol=1e-12)  # as much upright as before


def test_scenes_name_what_there_is() -> None:
    for scene in SCENES.values():
        assert (scene.stance in STANCES) == (scene.gesture in GESTURES)


def test_errors_are_nothing_for_the_truth_and_grow_with_the_fault() -> None:
    joints = np.random.default_rng(1).normal(size=(12, 3))
    turned = 2 * joints @ so3.from_rotvec(np.array([0.3, 1, -0.5])).T + 1
    assert apart_mm(turned, joints) == pytest.approx(0, abs=1e-2)
    off = joints.copy()
    off[0] += 0.1
    assert apart_mm(off, joints) > 1


def test_roots_apart_by_a_quarter_turn() -> None:
    person = PosedPerson({}, {"head": np.eye(3)}, np.eye(3), np.zeros(3))
    quarter = replace(person, root_rotation=so3.from_rotvec(np.array([0, np.pi / 2, 0])))
    truth = parameters_of(person)
    assert degrees_apart(truth, truth) == pytest.approx(0, abs=1e-3)
    assert degrees_apart(parameters_of(quarter), truth) == pytest.approx(90, abs=1e-3)


def test_a_row_counts_the_missed_and_the_made_up() -> None:
    found = Trial(2, body_mm=40, detector_mm=60, turned_deg=8, age_off=0.1, weight_off=0.25)
    row = line("handstand", [found, Trial(0)])
    assert row == "| handstand | 1/2 +1 | 40 | 60 | 8 | 0.10 | 0.25 | – | – |"
    assert row.count("|") == HEADER.count("|")
