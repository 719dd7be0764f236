# SPDX-License-Identifier: GPL-3.0-or-later
"""BVH files: a skeleton's offsets, then for each frame the numbers of its channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..clip.quaternions import exponential
from ..errors import ClipError
from ..rotations import matrices_from_quaternions

Array = npt.NDArray[Any]

AXES: Final = "XYZ"
END: Final = "End"
REMEDY: Final = "Export it again as BVH."


@dataclass(frozen=True, eq=False)
class Bvh:
    """J joints over F frames; parents come before their children, as in the file."""

    names: tuple[str, ...]
    parents: tuple[int, ...]  # -1 for roots
    offsets: Array  # (J, 3) from the parent's joint, in the file's units
    ends: tuple[Array | None, ...]  # by joint, from it to where its End Site is (3,)
    local: Array  # (F, J, 4, 4) to the parent's joint
    fps: float


@dataclass
class _Joint:
    name: str
    parent: int
    offset: Array
    channels: list[str]
    end: Array | None = None


def read_bvh(text: str) -> Bvh:
    """ClipError tells what is not as in BVH files."""
    try:
        tokens = iter(text.split())
        if next(tokens).upper() != "HIERARCHY":
            raise ClipError("The file does not begin with HIERARCHY, as BVH does.", REMEDY)
        joints = _hierarchy(tokens)
        count, seconds = _header(tokens)
        values = np.array(list(tokens), float)
    except StopIteration as error:
        raise ClipError("The BVH file ends early.", REMEDY) from error
    except (ValueError, IndexError) as error:
        raise ClipError(f"The BVH file is damaged ({error}).", REMEDY) from error
    width = sum(len(joint.channels) for joint in joints)
    if not count or not seconds > 0 or not joints or not np.isfinite(values).all():
        raise ClipError("The BVH file has no joints, or no frames.", REMEDY)
    if values.size != count * width:
        raise ClipError(
            f"The BVH file tells of {count} frames with {width} numbers each, and has "
            f"{values.size} numbers.",
            REMEDY,
        )
    return Bvh(
        names=tuple(joint.name for joint in joints),
        parents=tuple(joint.parent for joint in joints),
        offsets=np.stack([joint.offset for joint in joints]),
        ends=tuple(joint.end for joint in joints),
        local=_local(joints, values.reshape(count, width)),
        fps=1.0 / seconds,
    )


def _hierarchy(tokens: Iterator[str]) -> list[_Joint]:
    """Up to the word MOTION."""
    joints: list[_Joint] = []
    open_ones: list[int] = []
    in_end = False
    name: list[str] = []
    for word in tokens:
        if word == "MOTION":
            return joints
        if word in ("ROOT", "JOINT", END):
            in_end, name = word == END, []
        elif word == "{":
            if not in_end:
                parent = open_ones[-1] if open_ones else -1
                joints.append(_Joint(" ".join(name), parent, np.zeros(3), []))
            open_ones.append(open_ones[-1] if in_end else len(joints) - 1)
        elif word == "}":
            open_ones.pop()
            in_end = False
        elif word == "OFFSET":
            offset = np.array([next(tokens) for _ in AXES], float)
            if in_end:
                joints[open_ones[-1]].end = offset
            else:
                joints[open_ones[-1]].offset = offset
        elif word == "CHANNELS":
            joints[open_ones[-1]].channels = [next(tokens) for _ in range(int(next(tokens)))]
        else:
            name.append(word)
    raise StopIteration


def _header(tokens: Iterator[str]) -> tuple[int, float]:
    """Number of frames, and seconds from one to the next."""
    words = [next(tokens) for _ in range(5)]
    if words[0] != "Frames:" or words[2:4] != ["Frame", "Time:"]:
        raise ValueError(f"“{' '.join(words)}” in place of Frames and Frame Time")
    return int(words[1]), float(words[4])


def _local(joints: list[_Joint], values: Array) -> Array:
    """Transforms (F, J, 4, 4); a joint's places stand in place of its offset."""
    local = np.tile(np.eye(4), (len(values), len(joints), 1, 1))
    column = 0
    for number, joint in enumerate(joints):
        local[:, number, :3, 3] = joint.offset
        for channel in joint.channels:
            axis = AXES.index(channel[:1].upper())
            if channel[1:] == "position":
                local[:, number, axis, 3] = values[:, column]
            elif channel[1:] == "rotation":
                vectors = np.radians(values[:, column])[:, None] * np.eye(3)[axis]
                turn = matrices_from_quaternions(exponential(vectors))
                local[:, number, :3, :3] = local[:, number, :3, :3] @ turn
            else:
                raise ClipError(f"The channel “{channel}” is not known.", REMEDY)
            column += 1
    return local
