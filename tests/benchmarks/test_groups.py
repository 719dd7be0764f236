# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from benchmarks.group_scenes import AGES, GROUPS, NOT_ON_ONE, ON_ONE_FLOOR, shape_of
from benchmarks.groups import HEADER, Found, Trial, line
from model_server.learning.mocap.gestures import GESTURES, STANCES


def test_groups_name_what_there_is() -> None:
    assert not set(ON_ONE_FLOOR) & set(NOT_ON_ONE)
    for member in (member for group in GROUPS.values() for member in group.members):
        assert member.stance in STANCES
        assert member.gesture in GESTURES
        assert member.age in AGES


def test_only_groups_that_are_not_on_one_floor_raise_somebody() -> None:
    assert all(member.raised == 0 for group in ON_ONE_FLOOR.values() for member in group.members)


@pytest.mark.parametrize("age", AGES)
def test_shapes_are_of_their_age(age: str) -> None:
    shape = shape_of(age, np.random.default_rng(0))
    (youngest, oldest), (lowest, highest) = AGES[age]
    assert youngest <= shape["age"] <= oldest
    assert lowest <= shape["height"] <= highest


def found(before: float, after: float) -> Found:
    """Somebody whose size and depth are so many times the true ones."""
    logs = np.log([before, after])
    return Found(logs, logs, np.array([40.0, 41.0]), np.array([3.0, 3.2]))


def test_a_row_tells_sizes_and_their_ratios_before_and_after() -> None:
    right, child = found(1.0, 1.0), found(1.5, 1.1)
    row = line("family", [Trial(3, [right, child])])
    assert row == (
        "| family | 2/3 | 25.0 → 5.0 | 33.3 → 9.1 | 25.0 → 5.0 | 40 → 41 | 3.0 → 3.2 | 1 |"
    )
    assert row.count("|") == HEADER.count("|")


def test_a_row_of_nobody_is_empty() -> None:
    assert line("lying", [Trial(2, [])]) == "| lying | 0/2 | – | – | – | – | – | 0 |"
