# SPDX-License-Identifier: GPL-3.0-or-later
"""A body of one shape as points: how they stand in a pose, and which bones move them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model_server.bones import Array, ReferenceBones
from model_server.fusion import Rotations
from model_server.landmark_names import POSE_LANDMARKS


@dataclass(frozen=True)
class Carriers:
    """What skinning makes of a point falls into one part for each bone that moves it: P pairs of a
    point and a bone, point by point, and the weights of the vertices that such a pair sums up.
    """

    points: NDArray[np.intp]  # (P,) every point is among them
    bones: NDArray[np.intp]  # (P,)
    weights: Array  # (P,)

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """(L,) the first pair of each point."""
        return np.flatnonzero(np.diff(self.points, prepend=-1))

    def posed(self, parts: Array, turns: Array, places: Array) -> Array:
        """Points (..., L, 3) of weighted sums of vertices (P, 3), by turns from rest (..., B, 3, 3)
        and places of the origin (..., B, 3) of bones.
        """
        moved = np.einsum("...pij,pj->...pi", turns[..., self.bones, :, :], parts)
        moved += self.weights[:, None] * places[..., self.bones, :]
        return np.add.reduceat(moved, self.starts, axis=-2)

    def shares(self, parents: list[int]) -> Array:
        """(L, B) 0…1, how much of each point goes with a bone that turns."""
        shares = np.zeros((len(self.starts), len(parents)))
        np.add.at(shares, (self.points, self.bones), self.weights)
        for bone in range(len(parents) - 1, 0, -1):  # children come after their parents
            shares[:, parents[bone]] += shares[:, bone]
        return shares


@dataclass(frozen=True)
class PosedFigure:
    """A figure in a pose, or in many: body axes, metres from the root's head."""

    landmarks: Array  # (..., 33, 3) the detector's
    joints: Array  # (..., 17, 3) of COCO
    heads: Array  # (..., B, 3) of bones
    turns: Array  # (..., B, 3, 3) of bones, away from the reference pose


@dataclass(frozen=True)
class Figure:
    """What `Physique` knows of one shape."""

    bones: ReferenceBones
    carriers: Carriers  # of landmarks, then of joints
    parts: Array  # (P, 3) theirs, of the body at rest

    def posed(self, rotations: Rotations) -> PosedFigure:
        """The figure with some bones turned (..., 3, 3) relative to their parents."""
        bones = self.bones
        poses = np.broadcast_shapes(*(turn.shape[:-2] for turn in rotations.values()))
        turns = np.empty((*poses, len(bones.names), 3, 3))
        heads = np.zeros((*poses, len(bones.names), 3))
        turns[..., 0, :, :] = np.eye(3)
        offsets = bones.heads - bones.heads[bones.parents]  # the root's own is not used
        for bone, (name, parent) in enumerate(zip(bones.names, bones.parents, strict=True)):
            if parent >= 0:
                above = turns[..., parent, :, :]
                turns[..., bone, :, :] = above @ rotations[name] if name in rotations else above
                heads[..., bone, :] = heads[..., parent, :] + above @ offsets[bone]
        points = self.carriers.posed(self.parts, *self.moves(turns, heads))
        count = len(POSE_LANDMARKS)
        return PosedFigure(points[..., :count, :], points[..., count:, :], heads, turns)

    def moves(self, turns: Array, heads: Array) -> tuple[Array, Array]:
        """What bones do to what is at rest: turns (..., B, 3, 3), and where the origin goes."""
        from_rest = turns @ self.bones.turns
        return from_rest, heads - np.einsum("...bij,bj->...bi", from_rest, self.bones.rest_heads)

    @cached_property
    def shares(self) -> Array:
        """(33, B) 0…1, how much of each landmark goes with a bone that turns."""
        return self.carriers.shares(list(self.bones.parents))[: len(POSE_LANDMARKS)]
