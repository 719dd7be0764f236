# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded poses as an action on a HUND character, one a frame. Runs where bpy is installed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from hund_blender.body import Body, RestBody
from hund_blender.bones import drawn_bones
from hund_blender.compat import channels_to_key
from hund_blender.pose import local_transforms, posed_frames
from hund_blender.rigs import MAKEHUMAN, Rig, rig_of
from hund_blender.rotations import matrices_from_quaternions, quaternions_from_matrices
from hund_blender.scene.armature import build_armature
from hund_blender.scene.character import remember
from hund_blender.scene.mesh import build_mesh
from hund_blender.scene.rig_curves import bone_path, write_keys

Array = npt.NDArray[Any]

LOWEST_M: Final = 0.03  # the lowest joint of toes over the floor
LIBRARY: Final = Path(".cache/mocap_poses.npz")  # of model_server.learning.mocap
DRAWN: Final = Path(__file__).parent / "drawn_poses.json"  # of benchmarks.draw_poses
ADULT: Final[Mapping[str, float]] = {"age": 2 / 3}


def held_out(count: int, seed: int = 0) -> tuple[tuple[str, ...], Array]:
    """Bone names (22) and quaternions (N, 22, 4) of poses that nothing was trained on."""
    with np.load(LIBRARY) as stored:
        meta = json.loads(str(stored["meta"]))
        is_test = np.array([clip["split"] == "test" for clip in meta["clips"]])[stored["clip"]]
        frames = np.flatnonzero(is_test & stored["keep"])
        chosen = np.random.default_rng(seed).choice(frames, count, replace=False)
        return tuple(meta["pose_bones"]), stored["quaternions"][np.sort(chosen)].astype(float)


def drawn() -> tuple[tuple[str, ...], Array]:
    """The same of poses that the body flow drew, 12 of them."""
    stored = json.loads(DRAWN.read_text())
    return tuple(stored["bones"]), np.array(stored["quaternions"])


def character(body: Body, *, skin: bool = False, rig_key: str = MAKEHUMAN) -> Any:
    """A HUND character at rest in the middle of the scene."""
    rig, rest = rig_of(rig_key, body), body.rest(ADULT).standing()
    scene = bpy.context.scene
    collection = bpy.data.collections.new("Character")
    scene.collection.children.link(collection)
    thing: Any = build_armature(
        "Character", drawn_bones(rig, rest), collection, bpy.context.view_layer
    )
    if skin:
        remember(thing, build_mesh("Character Body", rig, rest, thing, collection), rig, ADULT)
    return thing


def key_poses(thing: Any, body: Body, names: tuple[str, ...], quaternions: Array) -> Any:
    """An action of poses (F, N, 4) on frames from 1, standing on the floor."""
    return key_basis(thing, body, basis_of(body, names, quaternions))


def basis_of(body: Body, names: tuple[str, ...], quaternions: Array) -> Array:
    """What Blender keeps of poses (F, N, 4) per bone (F, R, 4, 4)."""
    rig, rest = rig_of(MAKEHUMAN, body), body.rest(ADULT).standing()
    frames = drawn_bones(rig, rest).frames
    poses = (dict(zip(names, pose, strict=True)) for pose in quaternions)
    return np.stack([_basis(frames, rig, rest, pose) for pose in poses])


def _basis(frames: Array, rig: Rig, rest: RestBody, pose: Mapping[str, Array]) -> Array:
    turn = matrices_from_quaternions(pose["root"])
    others = {name: q for name, q in pose.items() if name != "root"}
    _, deforms, heads = rig.body.posed_bones(rest, others)
    heads = (heads - rest.heads[0]) @ turn.T
    heads[:, 2] += LOWEST_M - heads[:, 2].min()
    # Every bone of this rig is one of the body's.
    return local_transforms(rig.bone_parents, frames, posed_frames(frames, turn @ deforms, heads))


def key_basis(thing: Any, body: Body, basis: Array) -> Any:
    """An action of bones' own transforms (F, R, 4, 4) on frames from 1."""
    rig, action = rig_of(MAKEHUMAN, body), bpy.data.actions.new("Poses")
    channels = channels_to_key(thing, action)
    frames = np.arange(1, len(basis) + 1, dtype=float)
    for number, bone in enumerate(rig.bone_names):
        values = quaternions_from_matrices(basis[:, number, :3, :3])
        write_keys(channels, bone_path(bone, "rotation_quaternion"), frames, values, bone)
    root = rig.bone_names[0]
    write_keys(channels, bone_path(root, "location"), frames, basis[:, 0, :3, 3], root)
    return action
