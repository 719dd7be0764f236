# SPDX-License-Identifier: GPL-3.0-or-later
"""How limbs roll about themselves, spread over as many bones as a rig has for that.

A limb's own frame bends as the joint above it does: a forearm's is that of the elbow's hinge. What
rolls away from it (the palm turned up, say) is shared out among the bones on the way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .posed import PosedSkeleton
from .rest import RestSkeleton
from .slots import SIDES, TWISTS, base, side
from .turns import about, about_y, arc, twist, unit

Array = npt.NDArray[Any]


def segment_turns(
    source: PosedSkeleton, target: RestSkeleton, slot: str, *, own_twist: bool
) -> Array:
    """Turns (F, n, 3, 3) of the bones of an upper or lower limb."""
    chain = list(target.bones[slot])
    if not source.has(slot):
        return np.repeat(source.of_bearer(slot)[:, None], len(chain), 1)
    turns = source.anatomical(slot) @ target.frames[slot].T
    rolls = _rolls(source, target, slot, own_twist=own_twist)
    # Each bone rolls about itself, which leaves all joints where they are.
    steps = np.diff(np.concatenate([target.heads[chain], target.end(slot)[None]]), axis=0)
    return np.asarray(turns[:, None] @ about(unit(steps), rolls))


def _rolls(source: PosedSkeleton, target: RestSkeleton, slot: str, *, own_twist: bool) -> Array:
    """How far each bone of the target rolls away from the limb's own frame (F, n)."""
    count = len(target.bones[slot])
    own = source_rolls(source, slot)
    if own.shape[1] == count:
        return np.zeros_like(own) if _lets_roll(target, slot, own_twist=own_twist) else own
    if base(slot) in ("upper_arm", "thigh"):
        return _from_body(source, slot, count)
    if count == 1:
        spread = _lets_roll(target, slot, own_twist=own_twist)
        return own[:, :1] if spread else own[:, -1:]
    first = own[:, 0] if own.shape[1] > 1 or base(slot) == "shin" else np.zeros(len(own))
    shares = np.linspace(0, 1, count)
    return np.asarray(first[:, None] + shares * (own[:, -1] - first)[:, None])


def _lets_roll(target: RestSkeleton, slot: str, *, own_twist: bool) -> bool:
    """Whether others than the forearm's own bones take the roll of the hand."""
    twisted = own_twist or target.has("forearm_twist" + side(slot))
    return base(slot) == "forearm" and twisted and len(target.bones[slot]) == 1


def source_rolls(source: PosedSkeleton, slot: str) -> Array:
    """How far each bone of a limb has rolled away from the limb's own frame (F, n)."""
    frames = source.anatomical(slot)[:, None]
    carried = source.turns[slot] @ source.rest.frames[slot]
    return twist(frames.swapaxes(-1, -2) @ carried)


def _from_body(source: PosedSkeleton, slot: str, count: int) -> Array:
    """Rolls (F, n) that lead over from the trunk to the limb's own, which its last bone has."""
    roll = _roll_at_body(source, slot)
    shares = np.linspace(1, 0, count + 1)[1:]
    return np.asarray(-shares * roll[:, None])


def _roll_at_body(source: PosedSkeleton, slot: str) -> Array:
    """How far an upper limb has rolled against what bears it (F,), beside pointing elsewhere."""
    bearer, rest = source.of_bearer(slot), source.rest.frames[slot]
    local = bearer.swapaxes(-1, -2) @ source.anatomical(slot)
    pointed = arc(np.broadcast_to(rest[:, 1], local[..., 1].shape), local[..., 1]) @ rest
    return twist(pointed.swapaxes(-1, -2) @ local)


def twist_bone_turns(
    source: PosedSkeleton, target: RestSkeleton, turns: dict[str, Array]
) -> dict[str, Array]:
    """Turns (F, n, 3, 3) of bones that only spread a roll over a limb, by where on it they are."""
    found = {}
    for slot in (name + at for name in TWISTS for at in SIDES):
        limb = base(slot).removesuffix("_twist") + side(slot)
        if not target.has(slot) or limb not in turns:
            continue
        along = _along(target, limb, slot)
        if base(limb) in ("upper_arm", "thigh"):
            rolls = -(1 - along) * _roll_at_body(source, limb)[:, None]
        else:
            rolls = along * _roll_at_end(target, turns, limb)[:, None]
        frames = turns[limb][:, -1:] @ target.frames[limb]
        found[slot] = frames @ about_y(rolls) @ target.frames[limb].T
    return found


def _along(rest: RestSkeleton, limb: str, slot: str) -> Array:
    """How far along a limb the heads of its twist bones are (n,), 0…1."""
    offsets = rest.heads[list(rest.bones[slot])] - rest.joint(limb)
    along: Array = np.clip(offsets @ rest.direction(limb) / max(rest.length(limb), 1e-9), 0, 1)
    return along


def _roll_at_end(rest: RestSkeleton, turns: dict[str, Array], limb: str) -> Array:
    """How far the hand or foot has rolled against a lower limb (F,)."""
    end = {"forearm": "hand", "shin": "foot"}[base(limb)] + side(limb)
    if end not in turns:
        return np.zeros(len(turns[limb]))
    own, following = turns[limb][:, -1], turns[end][:, 0]
    frames = rest.frames[limb]
    local = frames.T @ own.swapaxes(-1, -2) @ following @ frames
    return twist(local)
