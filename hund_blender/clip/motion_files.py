# SPDX-License-Identifier: GPL-3.0-or-later
"""A character's motion, or one pose, as files that other tools read: JSON, BVH, arrays of SMPL."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..rigs import SMPLX
from ..rotations import matrices_from_quaternions
from .amass import amass_arrays
from .motion import Motion, filled
from .mover import Mover
from .quaternions import inverse, normalised, product
from .smplx_arrays import smplx_arrays

Array = npt.NDArray[Any]

FORMAT: Final = "hund-motion"
VERSION: Final = 1
Y_UP_FROM_BLENDER: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
END_SHARE: Final = 0.5  # of the bone before it: how long a last bone is drawn
DIGITS: Final = 6


def json_bytes(motion: Motion, mover: Mover) -> bytes:
    """All in one dictionary, see docs/other_results.md."""
    skeleton = mover.skeleton
    faces = zip(mover.rig.body.facial_action_names, motion.facial_actions.T, strict=True)
    content = {
        "format": FORMAT,
        "version": VERSION,
        "fps": motion.fps,
        "frames": motion.frames.tolist(),
        "bones": list(skeleton.names),
        "parents": list(skeleton.parents),
        "heads_m": _rounded(skeleton.heads),
        "rest_wxyz": _rounded(skeleton.frames_wxyz),
        "rotations_wxyz": _rounded(motion.rotations_wxyz),
        "root_m": _rounded(motion.root_m),
        "facial_actions": {name: _rounded(values) for name, values in faces},
    }
    return json.dumps(content).encode()


def _rounded(values: Array) -> Any:
    return np.round(np.asarray(values, float), DIGITS).tolist()


def bvh_bytes(motion: Motion, mover: Mover) -> bytes:
    """All bones at rest as the character stands at rest, metres, y up; every frame one line."""
    skeleton, motion = mover.skeleton, filled(motion, np.inf)
    turns = skeleton.turns(normalised(motion.rotations_wxyz))
    above = turns[:, [max(parent, 0) for parent in skeleton.parents]]
    local = product(inverse(above), turns)
    local[:, 0] = turns[:, 0]
    matrices = matrices_from_quaternions(local)
    angles = np.degrees(_zxy_angles(Y_UP_FROM_BLENDER @ matrices @ Y_UP_FROM_BLENDER.T))
    places = motion.root_m @ Y_UP_FROM_BLENDER.T
    values = np.concatenate([places, angles.reshape(len(angles), -1)], 1)
    lines = [" ".join(f"{value:.6f}" for value in row) for row in values]
    head = ["HIERARCHY", *_joint_lines(mover, 0, ""), "MOTION", f"Frames: {len(lines)}"]
    return "\n".join([*head, f"Frame Time: {1 / motion.fps:.8f}", *lines, ""]).encode()


def _joint_lines(mover: Mover, bone: int, indent: str) -> list[str]:
    skeleton = mover.skeleton
    parent = skeleton.parents[bone]
    offset = skeleton.heads[bone] - (skeleton.heads[parent] if parent >= 0 else 0.0)
    places = "6 Xposition Yposition Zposition" if parent < 0 else "3"
    inner = indent + "\t"
    lines = [
        f"{indent}{'JOINT' if parent >= 0 else 'ROOT'} {skeleton.names[bone]}",
        f"{indent}{{",
        f"{inner}OFFSET {_point(offset)}",
        f"{inner}CHANNELS {places} Zrotation Xrotation Yrotation",
    ]
    children = [child for child, above in enumerate(skeleton.parents) if above == bone]
    for child in children:
        lines += _joint_lines(mover, child, inner)
    if not children:
        end = _point(END_SHARE * offset)
        lines += [f"{inner}End Site", f"{inner}{{", f"{inner}\tOFFSET {end}", f"{inner}}}"]
    return [*lines, f"{indent}}}"]


def _point(place: Array) -> str:
    return " ".join(f"{value:.6f}" for value in Y_UP_FROM_BLENDER @ place)


def _zxy_angles(matrices: Array) -> Array:
    """Radians (..., 3) about z, then x, then y, of rotations (..., 3, 3)."""
    about_x = np.arcsin(matrices[..., 2, 1].clip(-1.0, 1.0))
    about_y = np.arctan2(-matrices[..., 2, 0], matrices[..., 2, 2])
    about_z = np.arctan2(-matrices[..., 0, 1], matrices[..., 1, 1])
    return np.stack([about_z, about_x, about_y], -1)


def smpl_bytes(motion: Motion, mover: Mover) -> bytes:
    """Of SMPL-X's rig in its parameters, see smplx_arrays.py; of others as AMASS has it, see
    amass.py; ClipError for rigs with merged bones.
    """
    arrays_of = smplx_arrays if mover.rig.key == SMPLX else amass_arrays
    file = io.BytesIO()
    np.savez_compressed(file, **arrays_of(filled(motion, np.inf), mover))
    return file.getvalue()


WRITERS: Final[Mapping[str, Callable[[Motion, Mover], bytes]]] = {
    ".json": json_bytes,
    ".bvh": bvh_bytes,
    ".npz": smpl_bytes,
}
