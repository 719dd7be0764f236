# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone goes along with which on a rig, found by moving them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..retarget.controls import Control, likely_bearers
from ..retarget.description import RigDescription
from ..retarget.spaces import ARMATURE, Probes, Space, found_spaces
from ..retarget.turns import about, unit
from .alone import alone
from .rig_state import location_axes, pose_kept, set_basis

Array = npt.NDArray[Any]

POSES: Final = 8
TURN: Final = 0.4  # radians, how far controls are turned
MOVE: Final = 0.05  # of the rig's height, how far they are moved


def spaces_of(
    armature_object: Any, rig: RigDescription, controls: Sequence[Control], frame: float
) -> list[Space]:
    """The spaces of a rig's controls."""
    bones = [control.bone for control in controls]
    found = {
        number: space
        for number, bone in enumerate(bones)
        if (space := _plain_space(armature_object, rig, bones, bone)) is not None
    }
    unclear = [number for number in range(len(bones)) if number not in found]
    if unclear:
        probes = _probe(armature_object, rig, controls, frame)
        found |= found_spaces(probes, unclear, likely_bearers(controls))
    return [found[number] for number in range(len(bones))]


def _plain_space(
    armature_object: Any, rig: RigDescription, bones: Sequence[int], bone: int
) -> Space | None:
    """The space of a control, if nothing but parenthood is between it and the control above."""
    numbers = {place: number for number, place in enumerate(bones)}
    own, bearer = np.eye(4), bone
    while rig.follows[bearer]:
        above = rig.parents[bearer]
        own = _offset(rig, above, bearer) @ own
        if above < 0 or above in numbers:
            bearer = numbers.get(above, ARMATURE)
            return Space(bearer, own[:3, :3], bearer, own[:3, 3])
        own = np.array(armature_object.pose.bones[rig.names[above]].matrix_basis) @ own
        bearer = above
    return None


def _offset(rig: RigDescription, above: int, bone: int) -> Array:
    """A bone at rest (4, 4) seen from the one above it."""
    rest = rig.rest_matrix(bone)
    return rest if above < 0 else np.linalg.solve(rig.rest_matrix(above), rest)


def _probe(
    armature_object: Any, rig: RigDescription, controls: Sequence[Control], frame: float
) -> Probes:
    names = [rig.names[control.bone] for control in controls]
    basis = _probing(controls, rig.height)
    matrices, applied = [], []
    bones = armature_object.pose.bones
    with (
        unanimated(armature_object),
        pose_kept(armature_object),
        alone(armature_object, frame) as evaluation,
    ):
        for pose in basis:
            set_basis(armature_object, names, pose)
            matrices.append(evaluation.matrices(names))
            applied.append([np.array(bones[name].matrix_basis) for name in names])
    axes = [location_axes(armature_object.pose.bones[name]) for name in names]
    return Probes(np.array(matrices), np.array(applied), np.array(axes), rig.height)


def _probing(controls: Sequence[Control], size: float) -> Array:
    """Own transforms (K, N, 4, 4), at rest in the first pose and anyhow in the others."""
    rng = np.random.default_rng(0)
    basis = np.tile(np.eye(4), (POSES, len(controls), 1, 1))
    axes = unit(rng.normal(size=(POSES, len(controls), 3)))
    moves = rng.normal(size=(POSES, len(controls), 3)) * MOVE * size
    basis[1:, :, :3, :3] = about(axes, np.full(axes.shape[:2], TURN))[1:]
    movable = np.array([control.places is not None for control in controls])
    basis[1:, :, :3, 3] = moves[1:] * movable[:, None]
    return basis


@contextmanager
def unanimated(armature_object: Any) -> Iterator[None]:
    """No action of its own inside, so that bones stay as they are put."""
    animation = armature_object.animation_data
    action = animation.action if animation else None
    slot = getattr(animation, "action_slot", None)
    tracks = animation.use_nla if animation else False
    if animation is not None:
        animation.action, animation.use_nla = None, False
    try:
        yield
    finally:
        if animation is not None:
            animation.action, animation.use_nla = action, tracks
            if slot is not None:
                animation.action_slot = slot
