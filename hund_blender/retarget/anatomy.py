# SPDX-License-Identifier: GPL-3.0-or-later
"""How limbs, soles and palms lie in the bones of a rig at rest, whatever pose that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from .slots import FINGERS, base, side
from .turns import across, frame, unit

if TYPE_CHECKING:
    from .rest import RestSkeleton

Array = npt.NDArray[Any]

# In the body's own axes.
LEFTWARD: Final[Array] = np.array([1.0, 0.0, 0.0])
BACKWARD: Final[Array] = np.array([0.0, 1.0, 0.0])
UPWARD: Final[Array] = np.array([0.0, 0.0, 1.0])
FORWARD: Final[Array] = -BACKWARD
DOWNWARD: Final[Array] = -UPWARD
BEND_COUNTS: Final = 0.25  # sine of the bend in which elbows and knees tell their plane


def anatomical_frame(rest: RestSkeleton, slot: str) -> Array:
    """The rotation (3, 3) that means the same on every rig: along Y a limb points, to Z it folds,
    the sole looks up, or the palm has its thumb; for all else they are the body's own axes.
    """
    name, at = base(slot), side(slot)
    if name in ("upper_arm", "thigh"):
        return frame(rest.direction(slot), _fold(rest, slot))
    if name in ("forearm", "shin"):
        return _hinged(rest, slot)
    if name in ("foot", "toes"):
        return _sole(rest, at)
    if name == "hand":
        return frame(palm(rest, slot), _thumb_side(rest, slot))
    if name[:-1] in FINGERS:
        return _finger(rest, slot)
    return np.eye(3)


def _fold(rest: RestSkeleton, slot: str) -> Array:
    """Where the lower half of a limb goes when the limb bends (3,): seen from the bend that it
    rests in, and where that is slight, elbows fold to the front and knees to the back.
    """
    ahead = FORWARD if base(slot) == "upper_arm" else BACKWARD
    lower = ("forearm" if base(slot) == "upper_arm" else "shin") + side(slot)
    upper = rest.direction(slot)
    expected = unit(across(ahead, upper))
    if not rest.has(lower):
        return expected
    bend = across(rest.direction(lower), upper)
    return unit(bend + BEND_COUNTS * expected)


def _hinged(rest: RestSkeleton, slot: str) -> Array:
    """A lower limb turns about the same axis as the upper one bends about."""
    upper = ("upper_arm" if base(slot) == "forearm" else "thigh") + side(slot)
    y = rest.direction(slot)
    if not rest.has(upper):
        return frame(y, FORWARD if base(slot) == "forearm" else BACKWARD)
    return hinged(frame(rest.direction(upper), _fold(rest, upper)), y)


def _sole(rest: RestSkeleton, at: str) -> Array:
    """Flat on the floor: rigs rest with flat soles, but with ankles of any height."""
    line = rest.direction("foot" + at) if rest.has("foot" + at) else FORWARD
    level = across(line, UPWARD)
    return frame(level if np.linalg.norm(level) > 0.3 else FORWARD, UPWARD)


def palm(rest: RestSkeleton, slot: str) -> Array:
    """From the wrist to the middle of the knuckles, or as the bone goes (3,)."""
    knuckles = _knuckles(rest, side(slot))
    if len(knuckles) > 1:
        return np.asarray((knuckles[0] + knuckles[-1]) / 2 - rest.joint(slot))
    return knuckles[0] - rest.joint(slot) if knuckles else rest.direction(slot)


def _knuckles(rest: RestSkeleton, at: str) -> list[Array]:
    """From index to little finger."""
    return [rest.joint(f"{f}1{at}") for f in FINGERS[1:] if rest.has(f"{f}1{at}")]


def _thumb_side(rest: RestSkeleton, slot: str) -> Array:
    """From the little finger's knuckle to the index's; without fingers to the front, as in all
    rest poses with palms down or to the thighs.
    """
    knuckles = _knuckles(rest, side(slot))
    return knuckles[0] - knuckles[-1] if len(knuckles) > 1 else FORWARD


def _finger(rest: RestSkeleton, slot: str) -> Array:
    hand, y = "hand" + side(slot), rest.direction(slot)
    if not rest.has(hand):
        return frame(y, FORWARD)
    if not slot.startswith("thumb"):
        return frame(y, _thumb_side(rest, hand))
    knuckles, thumb = _knuckles(rest, side(slot)), rest.bones.get("thumb1" + side(slot))
    if not knuckles or thumb is None:
        return frame(y, palm(rest, hand))
    return frame(y, knuckles[0] - rest.heads[thumb[0]])


def hinged(upper: Array, y: Array) -> Array:
    """Frames (..., 3, 3) along y (..., 3) that bend about the X of upper frames (..., 3, 3)."""
    y = unit(y)
    x = unit(across(np.broadcast_to(upper[..., 0], y.shape), y))
    return np.stack([x, y, np.cross(x, y)], -1)
