# SPDX-License-Identifier: GPL-3.0-or-later
"""A mapped rig in motion, in its body's axes: how bones turn from rest, and where joints are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .anatomy import hinged
from .rest import RestSkeleton
from .slots import SEGMENTS, SIDES, base, mirrored, side
from .turns import frame, orthonormal

Array = npt.NDArray[Any]

REFLECTION: Final = np.array([-1.0, 1.0, 1.0])  # left to right
UPPER: Final = {"forearm": "upper_arm", "shin": "thigh"}


@dataclass(frozen=True, eq=False)
class PosedSkeleton:
    """F frames of a rig."""

    rest: RestSkeleton
    turns: dict[str, Array]  # by slot (F, n, 3, 3): of each of its bones, away from rest
    places: dict[str, Array]  # by slot (F, 3): its joint
    floor: float  # height that the motion stands on

    @property
    def frames(self) -> int:
        return len(next(iter(self.turns.values())))

    def has(self, slot: str) -> bool:
        return slot in self.turns

    def turn(self, slot: str) -> Array:
        """How a slot's last bone turns away from rest (F, 3, 3)."""
        last: Array = self.turns[slot][:, -1]
        return last

    def of_bearer(self, slot: str) -> Array:
        """Turns (F, 3, 3) of the nearest part that a slot hangs on, for parts that are missing."""
        bearer = self.rest.up_from(slot)
        return self.turn(bearer) if bearer else np.tile(np.eye(3), (self.frames, 1, 1))

    def hips(self) -> Array:
        """The middle between the hip joints (F, 3)."""
        thighs = [self.places["thigh" + at] for at in SIDES if self.has("thigh" + at)]
        if thighs:
            return np.asarray(np.mean(thighs, 0))
        return self.places["hips"] if self.has("hips") else np.zeros((self.frames, 3))

    def anatomical(self, slot: str) -> Array:
        """The frames (F, 3, 3) that mean the same on every rig, see RestSkeleton.frames."""
        name = base(slot)
        following = {"upper_arm": "forearm", "forearm": "hand", "thigh": "shin", "shin": "foot"}
        end = following.get(name, "") + side(slot)
        carried = self.turn(slot) @ self.rest.frames[slot]
        if name not in SEGMENTS:
            return carried
        y = self.places[end] - self.places[slot] if self.has(end) else carried[..., 1]
        upper = UPPER.get(name, "") + side(slot)
        if self.has(upper):
            return hinged(self.anatomical(upper), y)
        return frame(y, carried[..., 2])


def posed_skeleton(rest: RestSkeleton, matrices: Array) -> PosedSkeleton:
    """A motion from matrices (F, B, 4, 4) in armature space, of bones as they are described."""
    turns, places = {}, {}
    for slot, chain in rest.bones.items():
        bones = list(chain)
        own = orthonormal(matrices[:, bones, :3, :3])
        away = own @ rest.rig.frames[bones].swapaxes(-1, -2)
        turns[slot] = rest.axes.T @ away @ rest.axes
        places[slot] = matrices[:, bones[0], :3, 3] @ rest.axes
    return PosedSkeleton(rest, turns, places, _floor(rest, places))


def _floor(rest: RestSkeleton, places: dict[str, Array]) -> float:
    """The rest pose's floor, or 0 where the motion's feet come nearer to that, as in files whose
    rest pose hangs from the hips at 0.
    """
    feet = [slot for slot in places if base(slot) == "foot"]
    if not feet:
        return rest.floor
    seen = min(float((places[slot][:, 2] - rest.ankle_height(slot)).min()) for slot in feet)
    return min((rest.floor, 0.0), key=lambda height: abs(height - seen))


def mirror_image(posed: PosedSkeleton) -> PosedSkeleton:
    """The motion of the mirrored person: what was left is right."""
    swapped = {slot: mirrored(slot) for slot in posed.turns}
    rest = _mirrored_rest(posed.rest)
    flip = np.outer(REFLECTION, REFLECTION)
    return replace(
        posed,
        rest=rest,
        turns={swapped[slot]: turns * flip for slot, turns in posed.turns.items()},
        places={swapped[slot]: places * REFLECTION for slot, places in posed.places.items()},
    )


def _mirrored_rest(rest: RestSkeleton) -> RestSkeleton:
    return replace(
        rest,
        bones={mirrored(slot): chain for slot, chain in rest.bones.items()},
        heads=rest.heads * REFLECTION,
        tails=rest.tails * REFLECTION,
    )
