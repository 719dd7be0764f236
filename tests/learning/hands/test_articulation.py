# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.bones import BodyBones
from model_server.hand_rig import hand_rig
from model_server.learning.body.body_model import ASSET
from model_server.learning.hands.articulation import (
    ADULT_PALM_M,
    ANGLES,
    BONES,
    HIGH,
    LOW,
    angles_of,
    bone_ends,
    named,
    palm_m,
    points_of,
    reference_hand,
    rotations_of,
)
from model_server.learning.hands.gestures import GESTURES, HELD_OUT
from model_server.learning.hands.poses import crosses_itself, random_hands
from model_server.learning.mocap import so3


def test_angles_and_rotations_say_the_same() -> None:
    rng = np.random.default_rng(0)
    angles = LOW + (HIGH - LOW) * rng.random((50, ANGLES))
    np.testing.assert_allclose(angles_of(rotations_of(angles)), angles, atol=1e-6)


def test_no_angle_is_the_reference_pose() -> None:
    rotations = rotations_of(np.zeros(ANGLES))
    np.testing.assert_allclose(rotations, np.tile(np.eye(3), (15, 1, 1)))
    np.testing.assert_allclose(points_of(rotations), reference_hand().points, atol=1e-12)


def test_bending_closes_the_hand_and_keeps_its_bones() -> None:
    flat, fist = (rotations_of(GESTURES[name]) for name in ("flat", "fist"))
    for rotations, near, far in ((fist, 0.0, 1.3), (flat, 1.4, 3.0)):
        tips = np.linalg.norm(points_of(rotations)[8::4], axis=1)
        assert (near < tips).all()
        assert (tips < far).all()

    def lengths(rotations: np.ndarray) -> np.ndarray:
        return np.linalg.norm(np.diff(points_of(rotations)[1:].reshape(5, 4, 3), axis=1), axis=2)

    np.testing.assert_allclose(lengths(flat), lengths(fist))


def test_positive_bends_go_into_the_palm_and_spread_to_the_thumb() -> None:
    rig = hand_rig(BodyBones(ASSET).reference({}), "left")
    rest = reference_hand().points
    into_palm = np.cross(rig.palm[5] - rig.palm[0], rig.palm[2] - rig.palm[0])
    bent = points_of(rotations_of(named(middle=(40,)))) - rest
    assert abs(so3.normalised(bent[12]) @ so3.normalised(into_palm)) > 0.5
    to_thumb = so3.normalised(rest[5] - rest[17])
    spread = points_of(rotations_of(named(index=(0, 15)))) - rest
    assert so3.normalised(spread[8]) @ to_thumb > 0.5


def test_every_shape_has_its_own_ends() -> None:
    bones = BodyBones(ASSET)
    child, adult = (bone_ends(bones.reference({"age": age})) for age in (0.2, 0.7))
    average = palm_m(bone_ends(bones.reference({})) - bone_ends(bones.reference({}))[0])
    assert average == pytest.approx(ADULT_PALM_M, abs=1e-4)
    small, large = (palm_m(ends - ends[0]) for ends in (child, adult))
    assert small < 0.8 * large
    for ends, size in ((child, small), (adult, large)):  # hands differ in little but their size
        shape = (ends - ends[0]) / size
        assert np.linalg.norm(shape - reference_hand().points, axis=1).max() < 0.1


def test_gestures_are_possible() -> None:
    for name, angles in {**GESTURES, **HELD_OUT}.items():
        assert (angles >= LOW - 1e-9).all(), name
        assert (angles <= HIGH + 1e-9).all(), name


@pytest.mark.parametrize("held_out", [False, True])
def test_random_hands_are_possible_and_repeatable(held_out: bool) -> None:
    hands, again = (
        random_hands(200, np.random.default_rng(3), held_out=held_out) for _ in range(2)
    )
    np.testing.assert_array_equal(hands, again)
    assert hands.shape == (200, ANGLES)
    assert (hands >= LOW).all()
    assert (hands <= HIGH).all()
    assert not crosses_itself(hands).any()
    assert (hands.std(0) > 0.05).all()  # nothing is always the same


def test_hands_that_pass_through_themselves_are_told() -> None:
    together = named(index=(0, -22), middle=(0, 22))
    into_palm = np.where(np.arange(ANGLES) >= 6, HIGH, 0.0)
    assert crosses_itself(np.stack([together, into_palm])).all()
    assert not crosses_itself(GESTURES["spread"][None]).any()


def test_names() -> None:
    assert len(BONES) == 15
    assert BONES[0] == "finger1-1.L"
