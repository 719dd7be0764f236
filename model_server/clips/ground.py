# SPDX-License-Identifier: GPL-3.0-or-later
"""Everybody in all frames to the one floor they stand on, before a camera that stands still."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from model_server.body_params import matrices_from_wxyz
from model_server.bones import Array
from model_server.floor import UPRIGHT, downs_of, likeliest_floor, standing

_SAMPLES: Final = 60  # of all frames
_SPREAD: Final = (
    0.15  # of a foot's distance, that it is nearer or farther than it seems, frame after frame
)
_FEWEST: Final = 5  # frames in which somebody stands
_ALIKE: Final = 10  # uprights are told by no more, since who leans a little does so in many frames


@dataclass(frozen=True)
class Ground:
    down: Array  # (3,) unit, camera frame
    below: float  # metres that it lies below the camera, NaN where unknown


def ground_of(people: Sequence[tuple[Array, Array, Array]]) -> Ground:
    """The ground under people, each told by landmarks (F, 33, 3) in the camera frame, how visible
    they are (F, 33), and roots (F, 4); a level camera above an unknown one where nobody stands.
    """
    level = Ground(np.array([0.0, 1.0, 0.0]), float("nan"))
    if not people:
        return level
    points, visible, roots = (np.concatenate(each) for each in zip(*people, strict=True))
    some = np.unique(np.linspace(0, len(points) - 1, _SAMPLES).round().astype(int))
    downs = downs_of(points[some], matrices_from_wxyz(roots[some]))
    rows, feet = standing(points[some], visible[some], downs)
    if len(rows) < _FEWEST:
        return level
    upright = UPRIGHT * np.sqrt(max(1.0, len(rows) / _ALIKE))
    floor = likeliest_floor(feet, downs[rows], np.full(len(rows), _SPREAD), upright)
    return Ground(floor.normal, floor.below)
