# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.body_overlay import Mesher
from benchmarks.part_attention import Parts, turned_deg
from model_server.body_params import BodyParams
from model_server.learning.mocap import so3
from model_server.settings import ASSETS


@pytest.fixture(scope="module")
def parts() -> Parts:
    return Parts(Mesher(ASSETS / "anny.npz"))


def test_a_turn_is_measured_wherever_the_points_are() -> None:
    points = np.random.default_rng(0).normal(size=(40, 3))
    turned = points @ so3.from_rotvec(np.radians(50) * np.array([0.6, 0.0, 0.8])).T + 3
    assert turned_deg(points, turned) == pytest.approx(50, abs=1e-6)


def test_a_wrist_turns_its_own_hand_and_nothing_else(parts: Parts) -> None:
    phenotypes = dict.fromkeys(["gender", "age", "muscle", "weight", "height", "proportions"], 0.5)
    upright = BodyParams("anny", (1, 0, 0, 0), (0, 0, 3), {}, phenotypes)
    turn = (float(np.cos(np.radians(20))), float(np.sin(np.radians(20))), 0.0, 0.0)
    rest, bent = parts.of(upright), parts.of(replace(upright, rotations={"wrist.L": turn}))
    assert turned_deg(bent["left hand"], rest["left hand"]) == pytest.approx(40, abs=2)
    for part in ("right hand", "head"):
        np.testing.assert_allclose(bent[part], rest[part], atol=1e-6)
