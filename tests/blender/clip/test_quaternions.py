# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from made_motion import angles_between

from hund_blender.clip.quaternions import (
    between,
    continuous,
    exponential,
    inverse,
    logarithm,
    mean,
    normalised,
    product,
    slerp,
    turned,
)
from hund_blender.rotations import matrices_from_quaternions


@pytest.fixture
def turns() -> np.ndarray:
    return normalised(np.random.default_rng(0).normal(size=(50, 4)))


def test_products_and_vectors_as_matrices_do(turns: np.ndarray) -> None:
    a, b = turns[:25], turns[25:]
    matrices = matrices_from_quaternions(a) @ matrices_from_quaternions(b)
    assert np.allclose(matrices_from_quaternions(product(a, b)), matrices)
    vectors = np.random.default_rng(1).normal(size=(25, 3))
    assert np.allclose(turned(product(a, b), vectors), np.einsum("fij,fj->fi", matrices, vectors))
    assert np.allclose(product(a, inverse(a)), [1, 0, 0, 0])


def test_logarithm_round_trip(turns: np.ndarray) -> None:
    assert np.allclose(angles_between(exponential(logarithm(turns)), turns), 0, atol=1e-7)
    assert (np.linalg.norm(logarithm(turns), axis=-1) <= np.pi + 1e-9).all()
    assert np.array_equal(exponential(np.zeros(3)), [1, 0, 0, 0])


def test_continuous_changes_no_turn_and_takes_the_short_way(turns: np.ndarray) -> None:
    flipped = turns * np.where(np.arange(50) % 3, 1.0, -1.0)[:, None]
    steady = continuous(flipped)
    assert np.allclose(np.abs((steady * flipped).sum(-1)), 1)
    assert ((steady[1:] * steady[:-1]).sum(-1) >= 0).all()


def test_slerp_goes_evenly(turns: np.ndarray) -> None:
    a, b = turns[:25], turns[25:]
    whole = angles_between(a, b)
    assert np.allclose(angles_between(a, slerp(a, b, np.full(25, 0.25))), 0.25 * whole)
    assert np.allclose(angles_between(slerp(a, b, np.ones(25)), b), 0, atol=1e-7)


def test_between_is_the_least_turn() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(20, 3)), rng.normal(size=(20, 3))
    b[0] = -2 * a[0]  # half a turn
    unit_a, unit_b = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (a, b))
    turn = between(a, b)
    assert np.allclose(turned(turn, unit_a), unit_b)
    angles = np.arccos(np.clip((unit_a * unit_b).sum(-1), -1, 1))
    assert np.allclose(np.linalg.norm(logarithm(turn), axis=-1), angles)


def test_mean_lies_amid_whatever_the_signs() -> None:
    amid = exponential(np.array([0.3, -0.2, 0.5]))
    around = product(amid, exponential(np.array([[0.2, 0, 0], [-0.2, 0, 0], [0, 0, 0.0]])))
    around[1] *= -1
    assert float(angles_between(mean(around), amid)) < 1e-6
