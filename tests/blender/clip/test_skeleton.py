# SPDX-License-Identifier: GPL-3.0-or-later
import made_motion
import numpy as np
import pytest
from made_motion import angles_between

from hund_blender.body import Body
from hund_blender.clip.quaternions import exponential
from hund_blender.rigs import RIGS


def some_rotations(count: int, bones: int) -> np.ndarray:
    return exponential(0.3 * np.random.default_rng(0).normal(size=(count, bones, 3)))


@pytest.mark.parametrize("rig", RIGS)
def test_turns_and_rotations_are_inverse(body: Body, rig: str) -> None:
    bones = made_motion.skeleton(body, rig)
    rotations = some_rotations(5, len(bones.names))
    assert angles_between(bones.rotations(bones.turns(rotations)), rotations).max() < 1e-6


@pytest.mark.parametrize("rig", RIGS)
def test_at_rest_soles_are_on_the_floor_under_their_ankles(body: Body, rig: str) -> None:
    bones = made_motion.skeleton(body, rig)
    soles = made_motion.soles_of(bones, made_motion.still(bones, 1))[0]
    assert np.abs(soles[..., 2]).max() < 1e-6
    for (heel, toe), leg in zip(soles, bones.legs, strict=True):
        ankle = bones.heads[leg.foot]
        assert toe[1] < ankle[1] < heel[1]
        assert 0.15 < heel[1] - toe[1] < 0.3
    assert soles[0, 0, 0] > 0 > soles[1, 0, 0]  # left first


@pytest.mark.parametrize("rig", RIGS)
def test_limbs_end_in_hands_feet_and_head(body: Body, rig: str) -> None:
    bones = made_motion.skeleton(body, rig)
    names = " ".join(bones.names[end].lower() for end in bones.limb_ends)
    assert names.count("foot") == 2
    assert names.count("hand") + names.count("wrist") == 2
    assert all(bones.chain(end)[-1] == 0 for end in bones.limb_ends)
