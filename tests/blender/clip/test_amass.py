# SPDX-License-Identifier: GPL-3.0-or-later
"""A T-pose turned by an AMASS file's joints must point where the character's limbs point."""

import made_motion
import numpy as np
import pytest

from hund_blender.body import Body
from hund_blender.bones import drawn_bones
from hund_blender.clip.amass import JOINTS, PARENTS, SMPL_FROM_BODY, amass_arrays
from hund_blender.clip.legs import stance
from hund_blender.clip.motion import Motion
from hund_blender.clip.mover import Mover
from hund_blender.clip.quaternions import exponential, product, turned
from hund_blender.errors import ClipError
from hund_blender.rigs import MAKEHUMAN, MIXAMO, rig_of

# Where a T-pose in SMPL's axes points: x left, y up, z ahead.
POINTS = {
    ("upperleg01.L", "lowerleg01.L"): (0, -1, 0),
    ("lowerleg01.R", "foot.R"): (0, -1, 0),
    ("upperarm01.L", "lowerarm01.L"): (1, 0, 0),
    ("lowerarm01.R", "wrist.R"): (-1, 0, 0),
    ("wrist.L", "finger3-1.L"): (1, 0, 0),
}


def mover(body: Body, rig: str) -> Mover:
    chosen, rest = rig_of(rig, body), body.rest(made_motion.ADULT).standing()
    return Mover.of(chosen, rest, drawn_bones(chosen, rest).frames)


@pytest.fixture
def motion(body: Body) -> Motion:
    return made_motion.noisy(made_motion.walk(made_motion.skeleton(body), 20), degrees=8.0)


def world_turns(poses: np.ndarray) -> np.ndarray:
    """SMPL's own chain of rotations, (F, J, 4)."""
    local = exponential(poses.reshape(len(poses), -1, 3).astype(float))
    turns = local.copy()
    for joint, parent in enumerate(PARENTS[1:], start=1):
        turns[:, joint] = product(turns[:, parent], local[:, joint])
    return turns


def test_limbs_point_the_same_way(body: Body, motion: Motion) -> None:
    who = mover(body, MAKEHUMAN)
    arrays = amass_arrays(motion, who)
    assert arrays["poses"].shape == (20, 156)
    turns = world_turns(arrays["poses"])
    heads = stance(who.skeleton, motion.rotations_wxyz, motion.root_m).heads
    for (start, end), points in POINTS.items():
        limb = heads[:, who.rig.bone_names.index(end)] - heads[:, who.rig.bone_names.index(start)]
        wanted = limb / np.linalg.norm(limb, axis=-1, keepdims=True)
        shown = turned(turns[:, JOINTS.index(start)], np.array(points, float))
        # What twists bones between the two joints turn, SMPL has no joints for.
        assert np.degrees(np.arccos((shown * wanted).sum(-1).clip(-1, 1))).mean() < 12


def test_somebody_upright_stands_upright(body: Body) -> None:
    bones = made_motion.skeleton(body)
    arrays = amass_arrays(made_motion.still(bones, 2), mover(body, MAKEHUMAN))
    up = turned(world_turns(arrays["poses"])[0, 0], np.array([0.0, 1.0, 0.0]))
    assert np.allclose(up, [0, 0, 1], atol=1e-6)
    ahead = turned(world_turns(arrays["poses"])[0, 0], np.array([0.0, 0.0, 1.0]))
    assert np.allclose(ahead, SMPL_FROM_BODY.T @ [0, 0, 1], atol=1e-6)
    assert np.allclose(arrays["trans"][0], bones.heads[0], atol=1e-6)


def test_parents_come_before_their_children() -> None:
    assert len(JOINTS) == len(PARENTS) == 52
    assert all(parent < joint for joint, parent in enumerate(PARENTS))
    for joint, parent in enumerate(PARENTS[22:], start=22):
        if not JOINTS[joint].split(".")[0].endswith("-1"):
            assert JOINTS[parent][:7] == JOINTS[joint][:7]


def test_merged_bones_are_refused(body: Body) -> None:
    bones = made_motion.skeleton(body, MIXAMO)
    with pytest.raises(ClipError, match="MakeHuman"):
        amass_arrays(made_motion.still(bones, 2), mover(body, MIXAMO))
