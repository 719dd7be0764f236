# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotation modes, locks and continuity; what bears what."""

from itertools import permutations

import numpy as np
import pytest

from hund_blender.retarget.channels import (
    AXIS_ANGLE,
    QUATERNION,
    BoneState,
    eulers,
    from_eulers,
    rotation_matrices,
    rotation_values,
)
from hund_blender.retarget.spaces import (
    ARMATURE,
    Probes,
    Space,
    found_spaces,
    order_of,
    space_matrices,
)
from hund_blender.retarget.turns import (
    about,
    about_y,
    angle,
    arc,
    between,
    frame,
    orthonormal,
    twist,
    unit,
)
from hund_blender.rotations import matrices_from_quaternions

ORDERS = ["".join(order) for order in permutations("XYZ")]
MODES = [*ORDERS, QUATERNION, AXIS_ANGLE]


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Nothing here looks at a file."""


def any_rotations(count: int, seed: int = 0) -> np.ndarray:
    return matrices_from_quaternions(np.random.default_rng(seed).normal(size=(count, 4)))


def steady_rotations(count: int) -> np.ndarray:
    """A rotation that goes round and round, a little every frame."""
    axis = unit(np.array([0.3, 1.0, -0.4]))
    return about(axis, np.linspace(0, 5 * np.pi, count)) @ any_rotations(1)[0]


def state(mode: str, **changes: object) -> BoneState:
    width = 4 if mode in (QUATERNION, AXIS_ANGLE) else 3
    rest = [1.0, 0, 0, 0] if mode == QUATERNION else [0.0] * width
    values = {
        "mode": mode, "rotation": np.array(rest), "location": np.zeros(3), "scale": np.ones(3),
        "rotation_locks": np.zeros(3, bool), "w_lock": False, "locks_4d": False,
        "location_locks": np.zeros(3, bool), "location_axes": np.eye(3),
    }  # fmt: skip
    return BoneState(**(values | changes))


@pytest.mark.parametrize("order", ORDERS)
def test_eulers_are_blenders(order: str) -> None:
    import bpy  # noqa: F401 - brings mathutils
    from mathutils import Euler

    angles = np.random.default_rng(1).uniform(-3, 3, (20, 3))
    expected = [np.array(Euler(one, order).to_matrix()) for one in angles]
    np.testing.assert_allclose(from_eulers(angles, order), expected, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_values_hold_the_rotation(mode: str) -> None:
    rotations = any_rotations(40)
    values = rotation_values(rotations, state(mode))
    np.testing.assert_allclose(rotation_matrices(values, mode), rotations, atol=1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("quarter", [-1, 1])
def test_gimbal_lock(order: str, quarter: int) -> None:
    angles = np.zeros((5, 3))
    angles[:, "XYZ".index(order[1])] = quarter * np.pi / 2
    angles[:, "XYZ".index(order[0])] = np.linspace(-1, 1, 5)
    angles[:, "XYZ".index(order[2])] = 0.3
    rotations = from_eulers(angles, order)
    again = from_eulers(eulers(rotations, order, np.zeros(3)), order)
    np.testing.assert_allclose(again, rotations, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_steady_motion_has_steady_values(mode: str) -> None:
    rotations = steady_rotations(400)
    values = rotation_values(rotations, state(mode))
    np.testing.assert_allclose(rotation_matrices(values, mode), rotations, atol=1e-9)
    step = np.abs(np.diff(values, axis=0)).max()
    assert step < (0.05 if mode in (QUATERNION, AXIS_ANGLE) else np.pi / 2)


def test_values_begin_near_those_before() -> None:
    turned = np.array([0.0, 0.0, 4 * np.pi])
    values = rotation_values(about(np.eye(3)[2], np.array([0.1])), state("XYZ", rotation=turned))
    np.testing.assert_allclose(values[0], [0, 0, 4 * np.pi + 0.1], atol=1e-9)


@pytest.mark.parametrize("mode", ["XYZ", "ZYX", QUATERNION])
def test_locked_axes_keep_their_angles(mode: str) -> None:
    locks = np.array([False, True, False])
    values = rotation_values(any_rotations(10), state(mode, rotation_locks=locks))
    order = "XYZ" if mode == QUATERNION else mode
    angles = eulers(rotation_matrices(values, mode), order, np.zeros(3))
    np.testing.assert_allclose(np.sin(angles[:, 1]), 0, atol=1e-7)
    assert np.abs(angles[:, [0, 2]]).max() > 0.5


def test_quaternions_locked_by_component_stay_unit() -> None:
    locks = np.array([True, False, True])
    values = rotation_values(
        any_rotations(10), state(QUATERNION, rotation_locks=locks, locks_4d=True)
    )
    np.testing.assert_allclose(values[:, [1, 3]], 0)
    np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1)


def test_wholly_locked_bones_do_not_turn() -> None:
    locks = np.ones(3, bool)
    assert not state("XYZ", rotation_locks=locks).turns
    assert not state(QUATERNION, rotation_locks=locks).turns
    assert state(AXIS_ANGLE, rotation_locks=locks).turns  # about its own axis
    assert not state("XYZ", location_locks=locks).moves


def test_arcs_twists_and_ways_between() -> None:
    start, end = unit(np.random.default_rng(2).normal(size=(2, 30, 3)))
    np.testing.assert_allclose(np.einsum("nij,nj->ni", arc(start, end), start), end, atol=1e-9)
    opposite = np.einsum("nij,nj->ni", arc(start, -start), start)
    np.testing.assert_allclose(opposite, -start, atol=1e-9)
    angles = np.linspace(-3, 3, 30)
    np.testing.assert_allclose(twist(about_y(angles)), angles, atol=1e-9)
    a, b = any_rotations(30, 3), any_rotations(30, 4)
    np.testing.assert_allclose(between(a, b, 1.0), b, atol=1e-7)
    half = between(a, b, 0.5)
    np.testing.assert_allclose(angle(a.swapaxes(-1, -2) @ half), angle(half.swapaxes(-1, -2) @ b))
    stretched = a * np.array([1.0, 2.0, 0.5])
    np.testing.assert_allclose(orthonormal(stretched), a, atol=1e-9)
    assert np.linalg.det(frame(np.array([0.0, 0, 1]), np.array([0.0, 0, 1]))) == pytest.approx(1)


def transforms(count: int, seed: int) -> np.ndarray:
    matrices = np.tile(np.eye(4), (count, 1, 1))
    matrices[:, :3, :3] = any_rotations(count, seed)
    matrices[:, :3, 3] = np.random.default_rng(seed).normal(size=(count, 3))
    matrices[0] = np.eye(4)
    return matrices


def test_bearers_are_found_by_moving() -> None:
    """A root, a child of it, one that turns half with both, one that moves with one and turns with
    the other.
    """
    basis = np.stack([transforms(8, seed) for seed in range(4)], 1)
    rest = [transforms(2, 10 + seed)[1] for seed in range(4)]
    root = rest[0] @ basis[:, 0]
    child = root @ rest[1] @ basis[:, 1]
    aligned = [m[:, :3, :3] @ m[0, :3, :3].T for m in (root, child)]
    mixed = np.tile(np.eye(4), (8, 1, 1))
    mixed[:, :3, :3] = between(aligned[0], aligned[1], 0.3) @ rest[2][:3, :3]
    mixed[:, :3, 3] = (child @ [0.1, 0.2, 0.3, 1])[:, :3]
    split = np.tile(np.eye(4), (8, 1, 1))
    split[:, :3, :3] = child[:, :3, :3] @ rest[3][:3, :3]
    split[:, :3, 3] = (root @ [1, 0, 0, 1])[:, :3]
    matrices = np.stack([root, child, mixed @ basis[:, 2], split @ basis[:, 3]], 1)
    probes = Probes(matrices, basis, np.tile(np.eye(3), (4, 1, 1)), 1.0)
    spaces = found_spaces(probes, range(4), [ARMATURE] * 4)
    assert (spaces[0].turner, spaces[1].turner) == (ARMATURE, 0)
    assert {spaces[2].turner, spaces[2].partner} == {0, 1}
    assert (spaces[3].turner, spaces[3].mover) == (1, 0)
    assert all(space.sure for space in spaces.values())
    known = {number: matrices[:, number] for number in range(4)}
    for number, wanted in enumerate((None, None, mixed, split)):
        if wanted is not None:
            found = space_matrices(spaces[number], known, 8)
            np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_what_hangs_on_nothing_told_hangs_on_what_is_likely() -> None:
    basis = np.stack([transforms(8, seed) for seed in range(2)], 1)
    matrices = np.stack([transforms(8, 5), transforms(8, 6)], 1)
    probes = Probes(matrices, basis, np.tile(np.eye(3), (2, 1, 1)), 1.0)
    space = found_spaces(probes, [1], [ARMATURE, 0])[1]
    assert (space.turner, space.mover, space.sure) == (0, 0, False)


def test_bearers_come_first() -> None:
    still = np.eye(3), ARMATURE, np.zeros(3)
    spaces = [Space(2, *still), Space(0, *still), Space(ARMATURE, *still)]
    assert order_of(spaces) == [2, 0, 1]
