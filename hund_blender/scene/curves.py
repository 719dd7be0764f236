# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys to F-curves in bulk: one call for all keys of a curve, hundreds of times faster than one
call for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isclose
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from ..clip.keys import BEZIER, CONSTANT, Channel

Array = npt.NDArray[Any]

STEADY: Final = 1e-6  # what changes less than this gets one key
SAME_SUM: Final = 1e-12  # of sums in another order
HANDLE: Final = 1.0 / 3.0  # of the way to the next key; a curve is then cubic in time


@dataclass
class Fingerprint:
    """What tells whether somebody has edited keys: how many there are, and the sum of all."""

    count: int = 0
    total: float = 0.0

    def add(self, points: Array) -> None:
        """Take in frames and values as Blender keeps them, of 32 bits."""
        self.count += len(points) // 2
        self.total += float(np.abs(points).sum(dtype=np.float64))

    def matches(self, kept: Sequence[float]) -> bool:
        return self.count == kept[0] and isclose(self.total, kept[1], rel_tol=SAME_SUM)


def write_channel(
    channels: Any, group: str, path: str, channel: Channel, interpolation: str, mark: Fingerprint
) -> None:
    """New curves, one for each of a channel's values, in a group of the channels of an action."""
    if np.ptp(channel.values, axis=0).max() < STEADY:
        channel = _one_key(channel)
    holder = channels.groups.get(group) or channels.groups.new(group)
    ways = _codes("interpolation", interpolation, CONSTANT, channel.holds)
    kinds = _codes("type", "KEYFRAME", "BREAKDOWN", ~channel.seen)
    for index, values in enumerate(channel.values.T):
        curve = channels.fcurves.new(path, index=index)
        curve.group = holder
        points = curve.keyframe_points
        points.add(len(values))
        written = _interleaved(channel.frames, values)
        mark.add(written)
        points.foreach_set("co", written)
        points.foreach_set("interpolation", ways)
        points.foreach_set("type", kinds)
        if interpolation == BEZIER and channel.slopes is None:
            curve.update()  # Blender's own handles
        else:
            _set_handles(points, channel, values, index)


def _one_key(channel: Channel) -> Channel:
    first = slice(0, 1)
    slopes = None if channel.slopes is None else channel.slopes[first]
    return Channel(
        channel.frames[first],
        channel.values[first],
        slopes,
        channel.seen[first],
        channel.holds[first],
    )


def _set_handles(points: Any, channel: Channel, values: Array, index: int) -> None:
    """Handles by the slopes, or level ones for lines that somebody bends later."""
    frames = channel.frames
    steps = HANDLE * np.diff(frames, prepend=frames[0] - 1.0, append=frames[-1] + 1.0)
    slope = np.zeros(len(values)) if channel.slopes is None else channel.slopes[:, index]
    if channel.slopes is not None:
        aligned = np.full(len(values), code("handle_left_type", "ALIGNED"), np.uint8)
        points.foreach_set("handle_left_type", aligned)
        points.foreach_set("handle_right_type", aligned)
    before, after = steps[:-1], steps[1:]
    points.foreach_set("handle_left", _interleaved(frames - before, values - before * slope))
    points.foreach_set("handle_right", _interleaved(frames + after, values + after * slope))


def _interleaved(frames: Array, values: Array) -> Array:
    """Frames and values (K,) as Blender wants them: (2 K,) of 32 bits, which it copies at once."""
    pairs = np.empty((len(frames), 2), np.float32)
    pairs[:, 0], pairs[:, 1] = frames, values
    return pairs.ravel()


def _codes(name: str, usual: str, otherwise: str, where: Array) -> Array:
    """One property of keys (K,) by number, in 8 bits, as Blender has them."""
    return np.where(where, code(name, otherwise), code(name, usual)).astype(np.uint8)


@lru_cache(maxsize=32)
def code(name: str, value: str) -> int:
    """The number of an enumeration's value."""
    properties: Any = bpy.types.Keyframe.bl_rna.properties
    return int(properties[name].enum_items[value].value)


def clear(channels: Any) -> None:
    """Remove all curves and groups."""
    for curve in list(channels.fcurves):
        channels.fcurves.remove(curve)
    for group in list(channels.groups):
        channels.groups.remove(group)


def fingerprint(channels: Any) -> Fingerprint:
    """Of the keys that are there."""
    mark = Fingerprint()
    for curve in channels.fcurves:
        points = np.empty(2 * len(curve.keyframe_points), np.float32)
        curve.keyframe_points.foreach_get("co", points)
        mark.add(points)
    return mark
