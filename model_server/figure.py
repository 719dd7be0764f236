# SPDX-License-Identifier: GPL-3.0-or-later
"""A body of one shape as its landmarks: how they stand in a pose, and which bones move them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model_server.bones import Array, ReferenceBones
from model_server.fusion import Rotations
from model_server.landmark_names import COCO_JOINTS, POSE_LANDMARKS


@dataclass(frozen=True)
class Carriers:
    """What skinning makes of a landmark falls into one part for each bone that moves it: P pairs of
    a landmark and a bone, and the weights of the vertices that such a pair sums up.
    """

    landmarks: NDArray[np.intp]  # (P,)
    bones: NDArray[np.intp]  # (P,)
    weights: Array  # (P,)


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
    carriers: Carriers
    rest_points: Array  # (P, 3) weighted sums of the vertices of each pair

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
        points = self._points(turns @ bones.turns, heads)
        count = len(POSE_LANDMARKS)
        return PosedFigure(points[..., :count, :], points[..., count:, :], heads, turns)

    def _points(self, turns: Array, heads: Array) -> Array:
        """Landmarks and joints (..., 50, 3), by turns from rest (..., B, 3, 3) and heads (..., B,
        3) of bones.
        """
        carriers = self.carriers
        places = heads - np.einsum("...bij,bj->...bi", turns, self.bones.rest_heads)
        posed = np.einsum("...pij,pj->...pi", turns[..., carriers.bones, :, :], self.rest_points)
        posed += carriers.weights[:, None] * places[..., carriers.bones, :]
        gather = np.zeros((len(POSE_LANDMARKS) + len(COCO_JOINTS), len(carriers.landmarks)))
        gather[carriers.landmarks, np.arange(len(carriers.landmarks))] = 1
        return gather @ posed

    @cached_property
    def shares(self) -> Array:
        """(33, B) 0…1, how much of each landmark goes with a bone that turns."""
        own = np.zeros((len(POSE_LANDMARKS) + len(COCO_JOINTS), len(self.bones.names)))
        np.add.at(own, (self.carriers.landmarks, self.carriers.bones), self.carriers.weights)
        for bone in range(len(self.bones.names) - 1, 0, -1):  # children come after their parents
            own[:, self.bones.parents[bone]] += own[:, bone]
        return own[: len(POSE_LANDMARKS)]
