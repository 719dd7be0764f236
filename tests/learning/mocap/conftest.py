# SPDX-License-Identifier: GPL-3.0-or-later
"""A walking stick of a person in CMU's joint names, and the reference of the real body when anny is
there."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model_server.learning.mocap.reference import Reference

# Joint, parent, offset; y up, facing z, as in the CMU files.
JOINTS = (
    ("Hips", None, (0, 0, 0)),
    ("LeftUpLeg", "Hips", (1.5, -1.5, 0)),
    ("LeftLeg", "LeftUpLeg", (0, -7, 0)),
    ("LeftFoot", "LeftLeg", (0, -7, 0)),
    ("LeftToeBase", "LeftFoot", (0, -0.5, 2.5)),
    ("RightUpLeg", "Hips", (-1.5, -1.5, 0)),
    ("RightLeg", "RightUpLeg", (0, -7, 0)),
    ("RightFoot", "RightLeg", (0, -7, 0)),
    ("RightToeBase", "RightFoot", (0, -0.5, 2.5)),
    ("Spine1", "Hips", (0, 4, 0)),
    ("Head", "Spine1", (0, 3, 0)),
    ("LeftShoulder", "Spine1", (0, 2, 0)),
    ("LeftArm", "LeftShoulder", (3, 0, 0)),
    ("LeftForeArm", "LeftArm", (5, 0, 0)),
    ("LeftHand", "LeftForeArm", (4, 0, 0)),
    ("LeftHandIndex1", "LeftHand", (1, 0, 0)),
    ("LThumb", "LeftHand", (0, 0, 0)),
    ("RightShoulder", "Spine1", (0, 2, 0)),
    ("RightArm", "RightShoulder", (-3, 0, 0)),
    ("RightForeArm", "RightArm", (-5, 0, 0)),
    ("RightHand", "RightForeArm", (-4, 0, 0)),
    ("RightHandIndex1", "RightHand", (-1, 0, 0)),
    ("RThumb", "RightHand", (0, 0, 0)),
)
THUMB_TIPS = {"LThumb": "0.5 0 0.5", "RThumb": "-0.5 0 0.5"}


def joint_lines(name: str, depth: int = 0) -> list[str]:
    pad = "  " * depth
    offset = next(" ".join(map(str, place)) for joint, _, place in JOINTS if joint == name)
    channels = (
        "6 Xposition Yposition Zposition Zrotation Yrotation Xrotation"
        if depth == 0
        else "3 Zrotation Yrotation Xrotation"
    )
    lines = [
        f"{pad}{'JOINT' if depth else 'ROOT'} {name}",
        f"{pad}{{",
        f"{pad}OFFSET {offset}",
        f"{pad}CHANNELS {channels}",
    ]
    children = [joint for joint, parent, _ in JOINTS if parent == name]
    for child in children:
        lines += joint_lines(child, depth + 1)
    if not children:
        lines += [
            f"{pad}End Site",
            f"{pad}{{",
            f"{pad}OFFSET {THUMB_TIPS.get(name, '0 0 1')}",
            f"{pad}}}",
        ]
    return [*lines, f"{pad}}}"]


def depth_first(name: str = "Hips") -> list[str]:
    return [name] + [
        found for joint, parent, _ in JOINTS if parent == name for found in depth_first(joint)
    ]


def write_bvh(path: Path, frames: int, rotations: dict[str, np.ndarray]) -> Path:
    """A BVH file; `rotations` has degrees (frames, 3) about z, y and x by joint, zero for the
    others."""
    values = [np.tile((0.0, 17.0, 0.0), (frames, 1))]
    values += [rotations.get(name, np.zeros((frames, 3))) for name in depth_first()]
    rows = [" ".join(f"{value:.6f}" for value in row) for row in np.concatenate(values, 1)]
    header = [
        "HIERARCHY",
        *joint_lines("Hips"),
        "MOTION",
        f"Frames: {frames}",
        "Frame Time: 0.0333333",
    ]
    path.write_text("\n".join([*header, *rows]) + "\n")
    return path


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    pytest.importorskip("anny", reason="the reference pose comes from the anny package")
    from model_server.learning.mocap import reference as reference_pose

    cached = reference_pose.CACHE
    return reference_pose.load(
        cached if cached.exists() else tmp_path_factory.mktemp("reference") / "reference.npz"
    )


@pytest.fixture
def write_clip(tmp_path: Path) -> Callable[..., Path]:
    """`write_clip(joint=degrees)`: a file in which these joints turn, z, y and x of (F, 3)
    frames."""

    def write(**rotations: np.ndarray) -> Path:
        frames = max((len(value) for value in rotations.values()), default=1)
        return write_bvh(tmp_path / "written.bvh", frames, rotations)

    return write


@pytest.fixture
def swinging(tmp_path: Path) -> Path:
    """Sixty frames in which arms and legs swing and bend, elbows and knees the way they fold."""
    phase = np.linspace(0, 4 * np.pi, 60)
    zero = np.zeros_like(phase)
    return write_bvh(
        tmp_path / "swing.bvh",
        60,
        {
            "Hips": np.stack([zero, 90 + zero, 10 * np.sin(phase)], -1),
            "LeftUpLeg": np.stack([zero, zero, -30 + 30 * np.sin(phase)], -1),
            "LeftLeg": np.stack([zero, zero, 40 + 35 * np.sin(phase)], -1),
            "RightUpLeg": np.stack([zero, zero, -30 - 30 * np.sin(phase)], -1),
            "LeftArm": np.stack([-60 + 20 * np.sin(phase), zero, zero], -1),
            "LeftForeArm": np.stack([zero, -50 + 45 * np.sin(phase), zero], -1),
            "RightArm": np.stack([50 + 20 * np.sin(phase), 20 * np.cos(phase), zero], -1),
            "RightForeArm": np.stack([zero, 50 + 45 * np.sin(phase), zero], -1),
        },
    )
