# SPDX-License-Identifier: GPL-3.0-or-later
"""A mapped rig at rest in its body's own axes: joints, and how limbs and palms lie in the bones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .anatomy import DOWNWARD, FORWARD, LEFTWARD, anatomical_frame
from .axes import body_axes
from .description import RigDescription
from .slots import FINGERS, SIDES, BoneMap, ancestors, base, side
from .turns import unit

Array = npt.NDArray[Any]

# Where a bone ends: at the joint of the first of these that is there.
NEXT: Final = {
    "shoulder": ("upper_arm",),
    "upper_arm": ("forearm",),
    "forearm": ("hand",),
    "thigh": ("shin",),
    "shin": ("foot",),
    "foot": ("toes",),
    **{f"{finger}{joint}": (f"{finger}{joint + 1}",) for finger in FINGERS for joint in (1, 2)},
}
PLAUSIBLE_COS: Final = 0.6  # imported bones may point anywhere; farther off they are not believed
FLOOR_NEAR: Final = 0.12  # of the legs' length: so near below the feet the origin is the floor


@dataclass(frozen=True, eq=False)
class RestSkeleton:
    """In body axes: x to the body's left, y to its back, z up."""

    rig: RigDescription
    bones: dict[str, tuple[int, ...]]  # places in the description, by slot
    axes: Array  # (3, 3) armature space from body axes
    heads: Array  # (B, 3)
    tails: Array  # (B, 3)

    def has(self, slot: str) -> bool:
        return slot in self.bones

    def joint(self, slot: str) -> Array:
        """Where a slot's first bone begins (3,)."""
        place: Array = self.heads[self.bones[slot][0]]
        return place

    def up_from(self, slot: str) -> str:
        """The nearest slot that this one hangs on and that is there, nothing for the hips."""
        return next((up for up in ancestors(slot) if up in self.bones), "")

    @cached_property
    def hips(self) -> Array:
        """The middle between the hip joints (3,), else where the hips begin."""
        thighs = [self.joint("thigh" + at) for at in SIDES if self.has("thigh" + at)]
        if thighs:
            return np.asarray(np.mean(thighs, 0))
        return self.joint("hips") if self.has("hips") else np.zeros(3)

    def end(self, slot: str) -> Array:
        """Where a slot's last bone ends (3,)."""
        following = (name + side(slot) for name in NEXT.get(base(slot), ()))
        found = next((name for name in following if self.has(name)), None)
        if found is not None:
            return self.joint(found)
        return self._own_end(slot)

    def _own_end(self, slot: str) -> Array:
        """By child bones or the drawn tail where that is plausible, else straight on."""
        bone, ahead = self.bones[slot][-1], self._straight_on(slot)
        mapped = {bone for chain in self.bones.values() for bone in chain}
        children = [self.heads[c] for c in self.rig.children[bone] if c not in mapped]
        for end in (*children, self.tails[bone]):
            if unit(end - self.heads[bone]) @ ahead > PLAUSIBLE_COS:
                return np.asarray(end)
        length = np.linalg.norm(self.tails[bone] - self.heads[bone])
        return np.asarray(self.heads[bone] + length * ahead)

    def _straight_on(self, slot: str) -> Array:
        """Unit direction (3,) that a bone is expected to have by those before it."""
        if base(slot) in ("foot", "toes"):
            return FORWARD
        if base(slot) == "thigh":
            return DOWNWARD
        before = self.up_from(slot)
        if not before or side(before) != side(slot):
            return np.asarray(LEFTWARD if side(slot) == ".L" else -LEFTWARD)
        return unit(self.joint(slot) - self.joint(before))

    def direction(self, slot: str) -> Array:
        """Unit direction (3,) from a slot's joint to its end."""
        return unit(self.end(slot) - self.joint(slot))

    def length(self, slot: str) -> float:
        return float(np.linalg.norm(self.end(slot) - self.joint(slot)))

    @cached_property
    def frames(self) -> dict[str, Array]:
        """By slot, the rotation (3, 3) that means the same on every rig, see anatomy.py."""
        return {slot: anatomical_frame(self, slot) for slot in self.bones}

    @cached_property
    def legs(self) -> float:
        """Length of a leg from hip joint to sole, 0 without legs."""
        lengths = [
            self.length("thigh" + at) + self.length("shin" + at) + self.ankle_height("foot" + at)
            for at in SIDES
            if self.has("thigh" + at) and self.has("shin" + at) and self.has("foot" + at)
        ]
        return float(np.mean(lengths)) if lengths else 0.0

    def ankle_height(self, foot: str) -> float:
        """How far a foot's joint is above the sole."""
        return float(self.joint(foot)[2] - self.floor)

    @cached_property
    def floor(self) -> float:
        """The height of the soles: 0 where that is a little below the lowest joint of the feet."""
        feet = [name + at for name in ("foot", "toes") for at in SIDES if self.has(name + at)]
        heights = [min(self.joint(slot)[2], self.end(slot)[2]) for slot in feet]
        lowest = float(min(heights, default=0.0))
        near = FLOOR_NEAR * np.ptp(self.heads[:, 2]) / 2
        return 0.0 if -0.2 * near < lowest < near else lowest

    @cached_property
    def size(self) -> dict[str, float]:
        """Lengths that rigs can be compared by, the best first."""
        trunk = [slot for slot in ("head", "neck", "spine") if self.has(slot)]
        arms = [self.length("upper_arm" + at) for at in SIDES if self.has("upper_arm" + at)]
        sizes = {"legs": self.legs}
        if trunk:
            sizes["trunk"] = float(np.linalg.norm(self.joint(trunk[0]) - self.hips))
        if arms:
            sizes["arms"] = float(np.mean(arms))
        return {name: size for name, size in sizes.items() if size > 0}


def rest_skeleton(rig: RigDescription, bones: BoneMap) -> RestSkeleton:
    """What a map says of a rig; names that it does not have are left out."""
    axes = body_axes(rig, bones)
    found = {slot: tuple(rig.indices(chain)) for slot, chain in bones.items()}
    chains = {slot: chain for slot, chain in found.items() if chain}
    return RestSkeleton(rig, chains, axes, rig.heads @ axes, rig.tails @ axes)
