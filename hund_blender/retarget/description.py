# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig at rest, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class IkConstraint(NamedTuple):
    """An IK constraint whose target is a bone of the same rig."""

    bone: str  # it sits on
    target: str
    pole: str  # nothing without a pole target
    length: int  # bones in its chain, at least 1


@dataclass(frozen=True, eq=False)
class RigDescription:
    """B bones in armature space, parents before children."""

    names: tuple[str, ...]
    parents: tuple[int, ...]  # -1 without one
    heads: Array  # (B, 3)
    tails: Array  # (B, 3)
    frames: Array  # (B, 3, 3) rest rotations; Y points from head to tail
    deform: Array  # (B,) bool: moves skin
    driven: Array  # (B,) bool: constraints or drivers decide where it is, keys do not
    follows: Array  # (B,) bool: goes plainly along with its parent, nothing else moves it
    up: Array  # (3,) unit, the world's up
    ik: tuple[IkConstraint, ...] = ()

    @cached_property
    def index(self) -> dict[str, int]:
        """Places of the bones by name."""
        return {name: bone for bone, name in enumerate(self.names)}

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """Of every bone."""
        found: list[list[int]] = [[] for _ in self.names]
        for bone, parent in enumerate(self.parents):
            if parent >= 0:
                found[parent].append(bone)
        return tuple(map(tuple, found))

    @property
    def height(self) -> float:
        """How far the bones reach along the world's up."""
        along = np.concatenate([self.heads, self.tails]) @ self.up
        return float(np.ptp(along)) if len(along) else 0.0

    def rest_matrix(self, bone: int) -> Array:
        """A bone at rest (4, 4) in armature space."""
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = self.frames[bone], self.heads[bone]
        return matrix

    def ancestors(self, bone: int) -> Iterator[int]:
        """Parent, its parent and so on."""
        while (bone := self.parents[bone]) >= 0:
            yield bone

    def indices(self, names: Iterable[str]) -> list[int]:
        """Places of those of the named bones that are there."""
        return [self.index[name] for name in names if name in self.index]


def sorted_by_parents(parents: Sequence[int]) -> list[int]:
    """An order of bones in which parents come before their children."""
    order: list[int] = []
    todo = [bone for bone, parent in enumerate(parents) if parent < 0]
    while todo:
        order += todo
        level = set(todo)
        todo = [bone for bone, parent in enumerate(parents) if parent in level]
    return order
