# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference pose of the average adult: where the heads of the 'anny' rig's bones stand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.mocap.so3 import Array

CACHE: Final = Path(".cache/mocap_reference.npz")
AVERAGE_ADULT: Final = {"age": 0.67}


@dataclass(frozen=True)
class Reference:
    names: tuple[str, ...]  # all bones of the rig, parents before children
    parents: tuple[int, ...]
    heads: Array  # (B, 3) body frame, metres

    def direction(self, start: str, end: str) -> Array:
        """(3,) from one bone's head to another's, body frame, not normalised."""
        return self.heads[self.names.index(end)] - self.heads[self.names.index(start)]


def load(cache: Path = CACHE) -> Reference:
    """The reference, computed from anny at the first call (10 s) and read from `cache` later."""
    if not cache.exists():
        reference = compute()
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            cache, names=np.array(reference.names), parents=reference.parents, heads=reference.heads
        )
        return reference
    with np.load(cache) as stored:
        names, parents = tuple(map(str, stored["names"])), tuple(map(int, stored["parents"]))
        return Reference(names, parents, stored["heads"])


def compute() -> Reference:
    import anny  # heavy, and needed once

    body = anny.Anny(rig="anny")
    poses = body(None, phenotype_kwargs=AVERAGE_ADULT)["bone_poses"][0]
    heads = poses[:, :3, 3].numpy().astype(np.float64)
    return Reference(tuple(body.bone_labels), tuple(map(int, body.bone_parents)), heads)


def pose_bones_to_rig(reference: Reference, rotations: Array) -> Array:
    """rotations (..., 22, 3, 3) -> (..., B, 3, 3) of all bones, identity elsewhere."""
    full = np.tile(
        np.eye(3, dtype=rotations.dtype), (*rotations.shape[:-3], len(reference.names), 1, 1)
    )
    for position, name in enumerate(POSE_BONES):
        full[..., reference.names.index(name), :, :] = rotations[..., position, :, :]
    return full


def forward(reference: Reference, rotations: Array) -> tuple[Array, Array]:
    """Pose the skeleton, root's head at the origin.

    rotations (..., 22, 3, 3) as in `docs/conventions.md`, root first.
    Returns world rotations (..., B, 3, 3) away from the reference and heads (..., B, 3) in metres.
    """
    world = pose_bones_to_rig(reference, rotations)
    heads = np.zeros(world.shape[:-1], dtype=world.dtype)
    for bone, parent in enumerate(reference.parents):
        if parent < 0:
            continue
        step = reference.heads[bone] - reference.heads[parent]
        heads[..., bone, :] = heads[..., parent, :] + world[..., parent, :, :] @ step.astype(
            world.dtype
        )
        world[..., bone, :, :] = world[..., parent, :, :] @ world[..., bone, :, :]
    return world, heads
