# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest

from model_server.bones import Array
from model_server.correction import Correction, corrected
from model_server.estimate import Person
from model_server.landmark_names import COCO_JOINTS, POSE_LANDMARKS
from model_server.physique import Physique
from model_server.reaching import Stance
from model_server.settling import Settler
from tests.server.made_figure import CAMERA, SHAPE, person, stance, the_physique

TALLER = {**SHAPE, "height": 0.6}


@pytest.fixture(scope="module")
def physique() -> Physique:
    return the_physique()


def settled(
    physique: Physique, before: Person, truth: Stance, *names: str, body: bool = False
) -> Person:
    """Somebody whose landmarks are pinned where the truth has them, by a network that answers with
    the truth, a nodding head and a step aside.
    """
    true = person(physique, truth)
    px = dict(zip(POSE_LANDMARKS, true.landmarks.pose.landmarks_px.tolist(), strict=True))
    correction = Correction({name: tuple(px[name]) for name in names}, body=body)
    aside = Stance(
        {**truth.rotations, **stance(head=10.0).rotations}, truth.root, truth.place + 0.1
    )
    answer = person(physique, aside)
    parameters = replace(answer.parameters, phenotypes=TALLER)
    after = replace(
        answer, landmarks=corrected(before.landmarks, correction), parameters=parameters
    )
    return Settler(physique).settled(before, after, correction, {}, CAMERA)


def moved_m(a: Person, b: Person) -> dict[str, float]:
    apart: Array = np.linalg.norm(a.keypoints.cam - b.keypoints.cam, axis=1)
    return dict(zip(COCO_JOINTS, apart.tolist(), strict=True))


def test_a_pinned_elbow_moves_its_arm_and_nothing_else(physique: Physique) -> None:
    before, truth = person(physique, stance()), stance(upperarm01_L=30.0)
    moved = moved_m(settled(physique, before, truth, "left_elbow", "left_wrist"), before)
    assert moved.pop("left_elbow") > 0.1
    assert moved.pop("left_wrist") > 0.2
    assert moved.pop("left_shoulder") < 0.02  # skin of the upper arm
    assert max(moved.values()) < 1e-4


def test_the_arm_is_seen_where_it_was_pinned(physique: Physique) -> None:
    truth = stance(upperarm01_L=30.0)
    result = settled(physique, person(physique, stance()), truth, "left_elbow", "left_wrist")
    expected = person(physique, truth)
    for joint in ("left_elbow", "left_wrist"):
        at = COCO_JOINTS.index(joint)
        assert result.keypoints.px[at] == pytest.approx(expected.keypoints.px[at], abs=3)
        assert result.keypoints.confidence[at] == 1


def test_only_who_is_touched_at_the_trunk_moves_and_nobody_grows(physique: Physique) -> None:
    before = person(physique, stance())
    limb = settled(physique, before, stance(), "left_knee")
    trunk = settled(physique, before, stance(), "left_hip")
    assert limb.parameters.translation == before.parameters.translation
    assert trunk.parameters.translation != before.parameters.translation
    for result in (limb, trunk):
        assert result.parameters.phenotypes == SHAPE
    assert max(moved_m(trunk, before).values()) < 0.25  # the step aside, mostly taken back
    assert np.abs(trunk.keypoints.px - before.keypoints.px).max() < 12


def test_the_body_may_change_where_that_is_wanted(physique: Physique) -> None:
    before = person(physique, stance())
    result = settled(physique, before, stance(), "left_hip", body=True)
    assert result.parameters.phenotypes == TALLER


def test_dropped_landmarks_lose_their_confidence(physique: Physique) -> None:
    before = person(physique, stance(upperarm01_L=5.0, lowerleg01_L=5.0))
    correction = Correction(dropped=frozenset({"left_elbow"}))
    after = replace(before, landmarks=corrected(before.landmarks, correction))
    result = Settler(physique).settled(before, after, correction, {}, CAMERA)
    assert result.joint_confidence["upperarm01.L"] == 0
    assert result.joint_confidence["lowerleg01.L"] == 1
