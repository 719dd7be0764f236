# SPDX-License-Identifier: GPL-3.0-or-later
"""The body reader by property; tests/learning holds it against Anny itself."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hund_blender.body import Body
from hund_blender.errors import ServerError
from hund_blender.rotations import matrices_from_quaternions

PHENOTYPES = ("gender", "age", "muscle", "weight", "height", "proportions")
MICROMETRE = 1e-6

phenotypes = st.fixed_dictionaries({name: st.floats(0, 1) for name in PHENOTYPES})
unit_quaternions = st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(
    lambda wxyz: np.linalg.norm(wxyz) > 0.1
)


@settings(max_examples=20, deadline=None)
@given(phenotypes)
def test_rest_rotations_are_rotations(body: Body, given_phenotypes: dict[str, float]) -> None:
    rotations = body.rest(given_phenotypes).rotations
    np.testing.assert_allclose(
        rotations @ rotations.swapaxes(1, 2), np.tile(np.eye(3), (len(rotations), 1, 1)), atol=1e-9
    )
    assert (np.linalg.det(rotations) > 0).all()


@settings(max_examples=20, deadline=None)
@given(phenotypes, unit_quaternions)
def test_a_turned_bone_carries_what_hangs_on_it(
    body: Body, given_phenotypes: dict[str, float], wxyz: list[float]
) -> None:
    rest = body.rest(given_phenotypes)
    straight, turned = body.pose(rest), body.pose(rest, {"upperarm01.L": wxyz})
    turn = matrices_from_quaternions(np.array(wxyz))
    hand, shoulder = body.bone_names.index("wrist.L"), body.bone_names.index("upperarm01.L")
    other = body.bone_names.index("wrist.R")
    arm = straight.heads[hand] - straight.heads[shoulder]
    np.testing.assert_allclose(
        turned.heads[hand] - turned.heads[shoulder], turn @ arm, atol=MICROMETRE
    )
    np.testing.assert_allclose(turned.heads[other], straight.heads[other], atol=MICROMETRE)


def test_phenotypes_do_what_they_say(body: Body) -> None:
    def stature(**values: float) -> float:
        return float(np.ptp(body.rest(values).vertices[:, 2]))

    assert stature(age=0.0) < stature(age=1 / 3) < stature(age=2 / 3)
    assert stature(age=2 / 3, height=0.2) < stature(age=2 / 3, height=0.8)
    assert 1.5 < stature(age=2 / 3) < 1.9


def test_phenotypes_are_clamped(body: Body) -> None:
    outside = body.rest({"age": 1.7, "muscle": -3}).vertices
    np.testing.assert_array_equal(outside, body.rest({"age": 1.0, "muscle": 0.0}).vertices)


def test_facial_actions_add_up(body: Body) -> None:
    neutral = body.rest({})
    moved = body.rest({}, {"jawOpen": 0.5, "eyeBlinkLeft": 1.0})
    expected = 0.5 * body.facial_offsets("jawOpen") + body.facial_offsets("eyeBlinkLeft")
    np.testing.assert_allclose(moved.vertices - neutral.vertices, expected, atol=MICROMETRE)


def test_landmarks_follow_the_body(body: Body) -> None:
    vertices = body.pose(body.rest({})).vertices
    shift = np.array([1.0, 2.0, 3.0])
    moved = body.landmarks(vertices + shift)
    np.testing.assert_allclose(moved, body.landmarks(vertices) + shift, atol=1e-5)
    left = body.landmarks(vertices)[body.landmark_names.index("coco:left_shoulder")]
    assert left[0] > 0  # x is to the person's left


def test_moved_keeps_the_shape(body: Body) -> None:
    posed = body.pose(body.rest({}))
    turn = matrices_from_quaternions(np.array([0.5, 0.5, 0.5, 0.5]))
    moved = posed.moved(turn, posed.heads[0], np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(moved.heads[0], [1, 2, 3])
    np.testing.assert_allclose(
        moved.vertices - moved.heads[0], (posed.vertices - posed.heads[0]) @ turn.T, atol=MICROMETRE
    )


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 but no more"])
def test_what_is_no_body_is_refused(content: bytes) -> None:
    with pytest.raises(ServerError) as caught:
        Body.load(io.BytesIO(content))
    assert "same release" in caught.value.remedy


def test_other_formats_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "later.npz", meta=np.array('{"format": 2}'))
    with pytest.raises(ServerError, match="format 2"):
        Body.load(tmp_path / "later.npz")
