# SPDX-License-Identifier: GPL-3.0-or-later
"""Small steps between posed bodies."""

import numpy as np
import pytest

from model_server.body_state import BodyState, step_between, stepped, turn_by, vector_of

SIZE = 0.2
BONES = 3


def somebody(seed: int) -> BodyState:
    rng = np.random.default_rng(seed)
    return BodyState(
        turn_by(rng.normal(size=3)),
        np.array([0.3, -0.2, 4.0]) + 0.1 * rng.normal(size=3),
        rng.uniform(0.3, 0.7, 6),
        turn_by(0.5 * rng.normal(size=(BONES, 3))),
    )


def test_a_step_leads_to_where_it_was_measured() -> None:
    before, after = somebody(0), somebody(1)
    there = stepped(before, step_between(before, after, SIZE), SIZE)
    np.testing.assert_allclose(there.root, after.root, atol=1e-9)
    np.testing.assert_allclose(there.place, after.place, atol=1e-9)
    np.testing.assert_allclose(there.phenotypes, after.phenotypes, atol=1e-9)
    np.testing.assert_allclose(there.turns, after.turns, atol=1e-9)


def test_no_step_changes_nothing() -> None:
    same = somebody(2)
    np.testing.assert_allclose(step_between(same, same, SIZE), 0, atol=1e-9)


def test_shapes_end_where_phenotypes_do() -> None:
    step = np.zeros(12 + 3 * BONES)
    step[6], step[7] = 5.0, -5.0
    shape = stepped(somebody(3), step, SIZE).phenotypes
    assert shape[0] == 1
    assert shape[1] == 0


def test_moves_are_in_sizes_of_the_person_as_seen() -> None:
    before = somebody(4)
    step = np.zeros(12 + 3 * BONES)
    step[3] = 1.0
    after = stepped(before, step, SIZE)
    seen = after.place[:2] / after.place[2] - before.place[:2] / before.place[2]
    np.testing.assert_allclose(seen, [SIZE, 0], atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.5, 3.0, np.pi - 1e-6])
def test_turns_and_vectors(angle: float) -> None:
    axis = np.array([2.0, -1.0, 2.0]) / 3
    turn = turn_by(angle * axis)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(vector_of(turn), angle * axis, atol=1e-6)
