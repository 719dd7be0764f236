# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np

from model_server.bones import BodyBones, nearest_rotations
from tests.server.tiny_body import write_tiny_body


def test_bones_follow_the_shape(tmp_path: Path) -> None:
    body = BodyBones(write_tiny_body(tmp_path / "anny.npz"))
    small, large = body.reference({"age": 0}), body.reference({"age": 1})
    np.testing.assert_allclose(large.heads, 2 * small.heads, atol=1e-6)
    assert small.ancestors("wrist.L") == ("upperarm01.L", "lowerarm02.L")


def test_the_nearest_rotation_is_a_rotation() -> None:
    matrices = np.random.default_rng(0).normal(size=(20, 3, 3))
    rotations = nearest_rotations(matrices)
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-9)
    np.testing.assert_allclose(nearest_rotations(rotations), rotations, atol=1e-9)
