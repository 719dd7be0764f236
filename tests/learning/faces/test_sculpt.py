# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np


def test_nobody_is_at_both_ends_of_a_slider(world) -> None:
    amounts = world.sculpt.random(np.random.default_rng(0), 50)
    names = world.sculpt.names
    wide = amounts[:, names.index("nose-scale-horiz-incr")]
    narrow = amounts[:, names.index("nose-scale-horiz-decr")]
    assert (np.minimum(wide, narrow) == 0).all()
    assert wide.max() > 0.1
    assert narrow.max() > 0.1


def test_faces_differ_by_millimetres_and_bodies_stay(world) -> None:
    amounts = world.sculpt.random(np.random.default_rng(0), 20)
    moved = np.linalg.norm(world.sculpt.offsets(amounts), axis=2)
    assert 0.004 < moved.max(1).mean() < 0.04
    feet = world.body.template_vertices[:, 2] < 0
    assert moved[:, feet].max() < 1e-3


def test_halves_of_a_face_are_nearly_alike(world) -> None:
    amounts = world.sculpt.random(np.random.default_rng(0), 400)
    left, right = (amounts[:, world.sculpt.names.index(f"{side}-eye-scale-incr")] for side in "lr")
    assert np.corrcoef(left, right)[0, 1] > 0.8
