# SPDX-License-Identifier: GPL-3.0-or-later
"""How sure the server is of bones and landmarks, in three steps."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from .estimate import PINNED, Landmark
from .rigs import Rig

SURE: Final = 0.65
UNSURE: Final = 0.35


class Step(Enum):
    """What an artist is told, and by which colour set of the theme bones show it."""

    SEEN = "THEME03"
    UNSURE = "THEME09"
    GUESSED = "THEME01"

    @property
    def icon(self) -> str:
        return f"COLORSET_{self.value[-2:]}_VEC"


class Grip(Enum):
    """What handles show besides."""

    PINNED = "Pinned"
    DROPPED = "Dropped"


def step_of(confidence: float) -> Step:
    """By a confidence or a visibility, 0…1."""
    if confidence > SURE:
        return Step.SEEN
    return Step.UNSURE if confidence > UNSURE else Step.GUESSED


def kind_of(landmark: Landmark, *, dropped: bool) -> Step | Grip:
    """What a handle shows of its landmark."""
    if dropped:
        return Grip.DROPPED
    return Grip.PINNED if landmark.visibility >= PINNED else step_of(landmark.visibility)


def bone_steps(rig: Rig, joint_confidence: Mapping[str, float]) -> list[Step]:
    """For each of the rig's bones, by the least sure of the body's bones in it; bones that the
    server does not speak of are as sure as what they hang on.
    """
    names, parents = rig.body.bone_names, rig.body.bone_parents
    sure: list[float] = []
    for name, parent in zip(names, parents, strict=True):
        inherited = sure[parent] if parent >= 0 else 1.0
        sure.append(joint_confidence.get(name, inherited))
    least = [1.0] * len(rig.bone_names)
    for bone, number in enumerate(rig.merged):
        if number >= 0:
            least[number] = min(least[number], sure[bone])
    return [step_of(confidence) for confidence in least]
