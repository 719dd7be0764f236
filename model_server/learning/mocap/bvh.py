# SPDX-License-Identifier: GPL-3.0-or-later
"""Read BVH motion files into joint rotations and positions."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_server.learning.mocap.so3 import Array


class BvhError(ValueError):
    """A motion file that is not BVH as we know it."""


@dataclass(frozen=True)
class Skeleton:
    names: tuple[str, ...]  # parents before children; the end of bone `b` is called `b.end`
    parents: tuple[int, ...]  # -1 for the root
    offsets: Array  # (J, 3) from the parent, file units
    channels: tuple[tuple[str, ...], ...]  # per joint, in file order

    @property
    def rest_positions(self) -> Array:
        """(J, 3): where the joints stand when all rotations are zero, root at the origin."""
        positions = np.zeros_like(self.offsets)
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                positions[joint] = positions[parent] + self.offsets[joint]
        return positions


@dataclass(frozen=True)
class Motion:
    skeleton: Skeleton
    rotations: Array  # (F, J, 3, 3) world rotations away from the rest pose, file axes
    positions: Array  # (F, J, 3) world positions, file units
    frame_time: float  # seconds

    def index(self, name: str) -> int:
        return self.skeleton.names.index(name)


def read(path: Path) -> Motion:
    """The motion in a BVH file, in the file's own axes and units."""
    header, _, motion = path.read_text(encoding="latin-1").partition("MOTION")
    if not motion:
        raise BvhError(f"{path.name} has no MOTION section; expected a BVH file")
    skeleton = parse_skeleton(header.split())
    frame_time, values = parse_values(motion, sum(map(len, skeleton.channels)))
    rotations, positions = forward(skeleton, values)
    return Motion(skeleton, rotations, positions, frame_time)


def parse_skeleton(tokens: list[str]) -> Skeleton:
    names: list[str] = []
    parents: list[int] = []
    offsets: list[list[float]] = []
    channels: list[tuple[str, ...]] = []
    open_joints: list[int] = []
    words = iter(tokens)
    for word in words:
        match word:
            case "ROOT" | "JOINT" | "End":
                name = next(words)
                parents.append(open_joints[-1] if open_joints else -1)
                names.append(names[parents[-1]] + ".end" if word == "End" else name)
                offsets.append([0.0, 0.0, 0.0])
                channels.append(())
            case "{":
                open_joints.append(len(names) - 1)
            case "}":
                open_joints.pop()
            case "OFFSET":
                offsets[open_joints[-1]] = [float(next(words)) for _ in range(3)]
            case "CHANNELS":
                channels[open_joints[-1]] = tuple(next(words) for _ in range(int(next(words))))
    return Skeleton(tuple(names), tuple(parents), np.array(offsets), tuple(channels))


def parse_values(motion: str, width: int) -> tuple[float, Array]:
    """Frame time in seconds and channel values (F, width)."""
    frame_time, _, numbers = motion.partition("Frame Time:")[2].lstrip().partition("\n")
    values = np.array(numbers.split(), dtype=np.float64)
    if width == 0 or values.size % width:
        raise BvhError(f"{values.size} values do not fill frames of {width} channels")
    return float(frame_time), values.reshape(-1, width)


def forward(skeleton: Skeleton, values: Array) -> tuple[Array, Array]:
    """World rotations (F, J, 3, 3) and positions (F, J, 3) of channel values (F, C).

    Positions of other joints than the root are ignored: the files we know repeat the offset there
    or zero.
    """
    frames, joints = len(values), len(skeleton.names)
    rotations = np.empty((frames, joints, 3, 3))
    positions = np.empty((frames, joints, 3))
    column = 0
    for joint, (parent, channels) in enumerate(
        zip(skeleton.parents, skeleton.channels, strict=True)
    ):
        mine = values[:, column : column + len(channels)]
        column += len(channels)
        local = euler(mine, channels)
        if parent < 0:
            rotations[:, joint] = local
            positions[:, joint] = mine[:, :3] if channels[0].endswith("position") else 0.0
            continue
        rotations[:, joint] = rotations[:, parent] @ local
        positions[:, joint] = positions[:, parent] + rotations[:, parent] @ skeleton.offsets[joint]
    return rotations, positions


def euler(values: Array, channels: tuple[str, ...]) -> Array:
    """Rotations (F, 3, 3) of one joint from its rotation channels, degrees, in file order."""
    result = np.broadcast_to(np.eye(3), (len(values), 3, 3))
    for channel, degrees in zip(channels, values.T, strict=True):
        if channel.endswith("rotation"):
            result = result @ turn("XYZ".index(channel[0]), np.radians(degrees))
    return result


def turn(axis: int, angle: Array) -> Array:
    """Rotations (F, 3, 3) about coordinate axis 0...2 by `angle` (F,) radians."""
    following, last = (axis + 1) % 3, (axis + 2) % 3
    result = np.zeros((len(angle), 3, 3))
    result[:, axis, axis] = 1
    result[:, following, following] = result[:, last, last] = np.cos(angle)
    result[:, last, following] = np.sin(angle)
    result[:, following, last] = -result[:, last, following]
    return result
