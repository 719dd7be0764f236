# SPDX-License-Identifier: GPL-3.0-or-later
"""How a character moves: rotations of its bones, the place of its root and its face, over time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .quaternions import continuous, slerp

Array = npt.NDArray[Any]

SAME_RATE: Final = 2e-3  # rates that differ by less, as 29.97 and 30 do, count as one


@dataclass(frozen=True, eq=False)
class Motion:
    """F frames at one rate; some may be missing, as when a person is away for long."""

    fps: float
    frames: Array  # (F,) int, ascending, 0 at the clip's first
    seen: Array  # (F,) bool, else filled in
    rotations_wxyz: Array  # (F, R, 4) of bones from rest, in their own axes, as Blender has it
    root_m: Array  # (F, 3) the root's head in armature space
    facial_actions: Array  # (F, A) 0…1

    @property
    def segments(self) -> list[slice]:
        """The runs of frames without a gap."""
        ends = np.flatnonzero(np.diff(self.frames) > 1) + 1
        edges = [0, *ends.tolist(), len(self.frames)]
        return [slice(a, b) for a, b in pairwise(edges) if b > a]

    def moved(self, by_m: Array) -> Motion:
        """The same elsewhere, by (3,)."""
        return replace(self, root_m=self.root_m + by_m)

    def part(self, which: slice) -> Motion:
        """Only some of the frames."""
        return replace(
            self,
            frames=self.frames[which],
            seen=self.seen[which],
            rotations_wxyz=self.rotations_wxyz[which],
            root_m=self.root_m[which],
            facial_actions=self.facial_actions[which],
        )


def joined(parts: list[Motion]) -> Motion:
    """Inverse of taking all segments."""
    return replace(
        parts[0],
        frames=np.concatenate([part.frames for part in parts]),
        seen=np.concatenate([part.seen for part in parts]),
        rotations_wxyz=np.concatenate([part.rotations_wxyz for part in parts]),
        root_m=np.concatenate([part.root_m for part in parts]),
        facial_actions=np.concatenate([part.facial_actions for part in parts]),
    )


def filled(motion: Motion, longest_s: float) -> Motion:
    """The same with gaps of up to so many seconds filled in, marked as not seen."""
    frames = motion.frames
    gaps = np.diff(frames)
    reach = longest_s * motion.fps + 1
    missing = [
        np.arange(start + 1, start + gap)
        for start, gap in zip(frames[:-1], gaps, strict=True)
        if 1 < gap <= reach
    ]
    if not missing:
        return motion
    wanted = np.union1d(frames, np.concatenate(missing))
    return replace(
        _at(motion, wanted.astype(float)),
        frames=wanted,
        seen=np.isin(wanted, frames[motion.seen]),
    )


def resampled(motion: Motion, fps: float) -> Motion:
    """The same at another rate; gaps stay gaps."""
    if abs(fps / motion.fps - 1.0) < SAME_RATE:
        return replace(motion, fps=fps)
    return joined([_resampled(motion.part(segment), fps) for segment in motion.segments])


def _resampled(motion: Motion, fps: float) -> Motion:
    per_frame = motion.fps / fps
    first = int(np.ceil(motion.frames[0] / per_frame - 1e-6))
    last = int(np.floor(motion.frames[-1] / per_frame + 1e-6))
    wanted = np.arange(first, max(last, first) + 1)
    times = np.clip(wanted * per_frame, motion.frames[0], motion.frames[-1])
    nearest = np.searchsorted(motion.frames, times - 0.5).clip(0, len(motion.frames) - 1)
    return replace(_at(motion, times), fps=fps, frames=wanted, seen=motion.seen[nearest])


def _at(motion: Motion, times: Array) -> Motion:
    """The motion between frames (T,), within its own; `frames` and `seen` are still to be set."""
    after = np.searchsorted(motion.frames, times).clip(1, max(len(motion.frames) - 1, 1))
    after = after.clip(0, len(motion.frames) - 1)
    before = (after - 1).clip(0)
    span = np.maximum(motion.frames[after] - motion.frames[before], 1)
    share = ((times - motion.frames[before]) / span).clip(0.0, 1.0)

    def mixed(values: Array) -> Array:
        blend: Array = values[before] + share[:, None] * (values[after] - values[before])
        return blend

    steady = continuous(motion.rotations_wxyz)
    return replace(
        motion,
        rotations_wxyz=slerp(steady[before], steady[after], share[:, None]),
        root_m=mixed(motion.root_m),
        facial_actions=mixed(motion.facial_actions),
    )
