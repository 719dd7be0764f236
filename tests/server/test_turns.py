# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_server.turns import angle_between, limited, split_wrist, turn_about, unit

angles = st.floats(-3, 3)
axes = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1)


@given(axes, angles, axes, st.floats(-1, 1))
def test_a_wrist_is_twist_and_bend(
    axis: tuple[float, ...], twist: float, across: tuple[float, ...], bend: float
) -> None:
    axis = unit(np.array(axis))
    around = np.cross(axis, across)
    if np.linalg.norm(around) < 0.01:
        return
    swing = turn_about(unit(around), bend)
    found_twist, found_swing = split_wrist(turn_about(axis, twist) @ swing, axis, np.pi)
    assert found_twist == pytest.approx(twist, abs=1e-6)
    np.testing.assert_allclose(found_swing, swing, atol=1e-6)


@given(axes, angles, st.floats(0, 3))
def test_limits(axis: tuple[float, ...], angle: float, reach: float) -> None:
    turn = limited(turn_about(unit(np.array(axis)), angle), reach)
    assert angle_between(turn, np.eye(3)) == pytest.approx(min(abs(angle), reach), abs=1e-5)
