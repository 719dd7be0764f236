# SPDX-License-Identifier: GPL-3.0-or-later
"""The character that a clip moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from ..body import RestBody
from ..rigs import Rig
from .skeleton import Skeleton, skeleton_of

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Mover:
    """A rig, and the body that stands at rest in it."""

    rig: Rig
    rest: RestBody
    skeleton: Skeleton

    @classmethod
    def of(cls, rig: Rig, rest: RestBody, frames: Array) -> Mover:
        """With the rest frames (R, 4, 4) that the bones have in Blender."""
        return cls(rig, rest, skeleton_of(rig, rest, frames))

    @property
    def hips_m(self) -> float:
        return hips_m(self.rest)


def hips_m(rest: RestBody) -> float:
    """How high over the floor the root is at rest."""
    return float(rest.heads[0, 2] - rest.vertices[:, 2].min())
