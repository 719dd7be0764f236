# SPDX-License-Identifier: GPL-3.0-or-later
"""When heels and toes stand on something: slow, and about as low as feet get around that time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .smoothing import blurred

Array = npt.NDArray[Any]

ADULT_LEG_M: Final = 0.87  # the limits below are for legs of this length
LOOK_S: Final = 0.06  # jitter faster than this does not lift a foot
RESTLESS: Final = 3.0  # of the speed of quiet feet: where all is restless, this is the limit
MOST_RESTLESS: Final = 2.0  # but never more than so many times the limit that was set
QUIET_SHARE: Final = 25.0  # percentile of speeds
BESIDE: Final = 0.65  # of the speed of the other foot: so slow stands
MOST_DRIFTING: Final = 4.0  # times the limit, which nothing that stands drifts by
STILL_HIGHER: Final = 0.4  # so much higher may a foot be that does not move at all
SURE: Final = 0.7  # of the limits: a contact has at least one frame within
GROUND_S: Final = 1.0  # the lowest foot of so long before and after tells where the ground is
SHORTEST_S: Final = 0.1
SHORTEST_LIFT_S: Final = 0.07


@dataclass(frozen=True)
class ContactLimits:
    """What still counts as standing, for an adult."""

    speed_m_s: float = 0.6
    height_m: float = 0.15


def runs(mask: Array) -> Iterator[slice]:
    """The stretches of a mask (F,) that are true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return (slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True))


def contacts(soles_m: Array, fps: float, leg_m: float, limits: ContactLimits) -> Array:
    """Where points (F, L, 2, 3) of the soles are on the ground: (F, L, 2) bool."""
    size = leg_m / ADULT_LEG_M
    steady = blurred(soles_m, LOOK_S * fps)
    speed, fastest = speeds(steady, fps), limits.speed_m_s * size
    quiet = RESTLESS * float(np.percentile(speed, QUIET_SHARE))
    height = (steady[..., 2] - _ground(steady, fps)) / (limits.height_m * size)
    limit = np.clip(quiet, fastest, MOST_RESTLESS * fastest)
    rest = _at_rest(speed, limit)
    effort = np.maximum(rest, height / (1.0 + STILL_HIGHER * np.clip(1.0 - rest, 0.0, 1.0)))
    found = np.zeros(effort.shape, bool)
    for leg, end in np.ndindex(*effort.shape[1:]):
        found[:, leg, end] = _settled(effort[:, leg, end], fps)
    return found


def _at_rest(speed: Array, limit: float) -> Array:
    """Speeds (F, L, 2) as shares of what stands: below a limit, or much slower than the other foot,
    for where somebody is seen drifts and takes both along.
    """
    own = speed / limit
    if speed.shape[1] < 2:
        return own
    other = speed.min(2)[:, ::-1, None]
    beside = np.maximum(speed / (BESIDE * other + 1e-9), own / MOST_DRIFTING)
    return np.minimum(own, beside)


def speeds(points: Array, fps: float) -> Array:
    """Speeds (F, ...) of points (F, ..., 3), a second's worth."""
    if len(points) < 2:
        return np.zeros(points.shape[:-1])
    found: Array = np.linalg.norm(np.gradient(points, axis=0), axis=-1) * fps
    return found


def _ground(soles_m: Array, fps: float) -> Array:
    """The lowest height (F, 1, 1) that any foot has around each frame."""
    lowest = soles_m[..., 2].min((1, 2))
    reach = round(GROUND_S * fps)
    padded = np.pad(lowest, reach, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    ground: Array = around.min(-1)[:, None, None]
    return ground


def _settled(effort: Array, fps: float) -> Array:
    """Contacts (F,) that are long enough, without moments of doubt in between."""
    down = effort < 1.0
    for lift in list(runs(~down)):
        inside = lift.start > 0 and lift.stop < len(down)
        if inside and lift.stop - lift.start < SHORTEST_LIFT_S * fps:
            down[lift] = True
    for run in list(runs(down)):
        if run.stop - run.start < SHORTEST_S * fps or effort[run].min() > SURE:
            down[run] = False
    return down
