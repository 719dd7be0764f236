# SPDX-License-Identifier: GPL-3.0-or-later
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.mocap import bvh, limits, retarget, so3
from model_server.learning.mocap.reference import Reference, forward
from model_server.learning.mocap.skeletons import UnknownSkeletonError, recognise
from model_server.learning.mocap.sources import UNPACKED

LIMBS = (
    ("hip", "knee", "upperleg01", "lowerleg01"),
    ("knee", "ankle", "lowerleg01", "foot"),
    ("shoulder", "elbow", "upperarm01", "lowerarm01"),
    ("elbow", "wrist", "lowerarm01", "wrist"),
)
CLIPS = (
    "mocap/cmu/05_05",
    "mocap/cmu/35_01",
    "mocap/cmu_daz/salsa/06",
    "mocap/reactidle/003_genuine",
)


def worst_limb_error(path: Path, reference: Reference) -> float:
    """Largest over the limbs of the median angle, radians, between the source's limb and the
    body's."""
    motion = bvh.read(path)
    source = recognise(motion.skeleton.names)
    clip = retarget.in_body_frame(motion, source)
    _, heads = forward(reference, retarget.retarget(motion, reference))
    errors = []
    for limbs, side in ((source.left, ".L"), (source.right, ".R")):
        for start, end, upper, lower in LIMBS:
            ours = (
                heads[:, reference.names.index(lower + side)]
                - heads[:, reference.names.index(upper + side)]
            )
            theirs = clip.direction(getattr(limbs, start), getattr(limbs, end))
            errors.append(
                np.median(np.linalg.norm(np.cross(so3.normalised(ours), theirs), axis=-1))
            )
    return float(np.max(errors))


def test_limbs_point_where_the_sources_do(swinging: Path, reference: Reference) -> None:
    assert worst_limb_error(swinging, reference) < 1e-4


@pytest.mark.parametrize("name", CLIPS)
def test_limbs_point_where_the_recording_does(name: str, reference: Reference) -> None:
    path = UNPACKED / f"{name}.bvh"
    if not path.exists():
        pytest.skip("no motion capture: run python -m model_server.learning.mocap")
    assert worst_limb_error(path, reference) < np.radians(0.5)


def test_joints_fold_only_about_their_hinges(swinging: Path, reference: Reference) -> None:
    rotations = retarget.retarget(bvh.read(swinging), reference)
    vectors = limits.to_bone_frames(limits.bone_frames(reference), rotations)
    for bone in ("lowerleg01.L", "lowerarm01.L", "lowerarm01.R"):
        folded = vectors[:, POSE_BONES.index(bone)]
        assert np.ptp(folded[:, 1]) > 1.0
        assert np.abs(folded[:, (0, 2)]).max() < np.radians(8.0)


def test_nothing_jumps(swinging: Path, reference: Reference) -> None:
    rotations = retarget.retarget(bvh.read(swinging), reference)
    assert so3.angle_between(rotations[1:], rotations[:-1]).max() < np.radians(20.0)


def test_t_pose_is_upright_with_level_feet(
    write_clip: Callable[..., Path], reference: Reference
) -> None:
    rotations = retarget.retarget(bvh.read(write_clip()), reference)
    np.testing.assert_allclose(rotations[0, 0], np.eye(3), atol=1e-9)
    world, heads = forward(reference, rotations)
    soles = world[0, reference.names.index("foot.L")] @ (0, 0, 1)
    np.testing.assert_allclose(soles, (0, 0, 1), atol=0.05)
    arm = (
        heads[0, reference.names.index("wrist.R")] - heads[0, reference.names.index("upperarm01.R")]
    )
    np.testing.assert_allclose(so3.normalised(arm), (-1, 0, 0), atol=1e-3)


def test_unknown_joints_are_refused() -> None:
    with pytest.raises(UnknownSkeletonError):
        recognise(("tail", "wing"))
