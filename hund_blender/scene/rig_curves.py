# SPDX-License-Identifier: GPL-3.0-or-later
"""F-curves in bulk: read at frames, and written with keys on frames."""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from .curves import code

Array = npt.NDArray[Any]

KINDS: Final = {
    "interpolation": "LINEAR",
    "handle_left_type": "AUTO_CLAMPED",
    "handle_right_type": "AUTO_CLAMPED",
}
# What a key consists of, with its width, types first: they decide about handles.
KEY: Final = {
    "interpolation": 1,
    "handle_left_type": 1,
    "handle_right_type": 1,
    "co": 2,
    "handle_left": 2,
    "handle_right": 2,
}


def bone_path(bone: str, channel: str) -> str:
    return f'pose.bones["{bpy.utils.escape_identifier(bone)}"].{channel}'


def sampled(curve: Any, frames: Array) -> Array:
    """The values of an F-curve at frames (F,)."""
    count = len(curve.keyframe_points)
    if count > 1 and not curve.modifiers:
        keys = np.empty(count * 2, np.float32)
        curve.keyframe_points.foreach_get("co", keys)
        times, values = keys.reshape(-1, 2).T
        if np.isin(frames, times).all():  # a key on each of them: nothing lies between
            return np.interp(frames, times, values)
    return np.array([curve.evaluate(float(frame)) for frame in frames])


def write_keys(channels: Any, path: str, frames: Array, values: Array, group: str = "") -> None:
    """Key values (F, N) of a property on frames (F,), in place of the keys from the first to the
    last of these; keys before and after stay.
    """
    for index, column in enumerate(values.T):
        curve = _curve(channels, path, index, group)
        if len(frames) == 1:
            curve.keyframe_points.insert(float(frames[0]), float(column[0]))
        else:
            _replace_stretch(curve, frames, column)


def _replace_stretch(curve: Any, frames: Array, values: Array) -> None:
    keys = _keys(curve)
    times = keys["co"][:, 0]
    before, after = times < frames[0], times > frames[-1]
    points = np.stack([frames, values], 1)
    new = {"co": points, "handle_left": points, "handle_right": points}
    new |= {name: np.full((len(frames), 1), code(name, kind)) for name, kind in KINDS.items()}
    curve.keyframe_points.clear()
    curve.keyframe_points.add(int(before.sum() + len(frames) + after.sum()))
    for name in KEY:
        column = np.concatenate([keys[name][before], new[name], keys[name][after]])
        dtype = np.float32 if KEY[name] == 2 else np.int32
        curve.keyframe_points.foreach_set(name, column.astype(dtype).ravel())
    curve.update()


def _keys(curve: Any) -> dict[str, Array]:
    """All keys (K, width) by what they consist of."""
    keys = {}
    for name, width in KEY.items():
        dtype = np.float32 if width == 2 else np.int32
        keys[name] = np.empty(len(curve.keyframe_points) * width, dtype)
        curve.keyframe_points.foreach_get(name, keys[name])
        keys[name] = keys[name].reshape(-1, width)
    return keys


def _curve(channels: Any, path: str, index: int, group: str) -> Any:
    curve = channels.fcurves.find(path, index=index) or channels.fcurves.new(path, index=index)
    if group and curve.group is None:
        curve.group = channels.groups.get(group) or channels.groups.new(group)
    return curve
