# SPDX-License-Identifier: GPL-3.0-or-later
"""A corrected person from what the network makes of the correction: limbs that were not touched
stay, the others reach what was pinned.

The network looks at a person as a whole, so a pin moves all of it a little. An artist who drags an
elbow wants the rest to stay where it was. Whoever is touched at the trunk, or interpreted in
another way, is posed anew, but keeps the body, and with it the size, that the people of the photo
agreed on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from model_server.body_params import BodyParams, body_params, matrices_from_wxyz
from model_server.bones import Array
from model_server.camera import Camera
from model_server.correction import Correction
from model_server.decode import confidence_of, joint_confidence_of, keypoints_of
from model_server.estimate import Person
from model_server.figure import Figure
from model_server.fusion import fuse_hands
from model_server.hand_poses import Hands
from model_server.landmark_names import POSE_LANDMARKS
from model_server.landmarks import PoseLandmarks
from model_server.limbs import LIMBS, TRUNK, bending_bones, limb_of_bone, limb_of_landmark
from model_server.physique import Physique
from model_server.reaching import Goal, Stance, reached
from model_server.session import CERTAIN

_PINNED: Final = 25.0  # times as much as a landmark that is seen clearly, a pin counts


@dataclass(frozen=True)
class Settler:
    """Knows how bodies stand whose shape is given."""

    physique: Physique

    def settled(
        self, before: Person, after: Person, correction: Correction, hands: Hands, camera: Camera
    ) -> Person:
        """Somebody as they were `before` but for the correction, which has the network pose them
        as `after`, with these hands.
        """
        parts = {limb_of_landmark(name) for name in correction.touched}
        anew = correction.body or TRUNK in parts or not parts
        shape = (after if correction.body else before).parameters.phenotypes
        figure = self.physique.figure(shape)
        start = self._grown(after.parameters, shape) if anew else _joined(before, after, parts)
        taken = {TRUNK, *LIMBS} if anew else parts
        free = _free_bones({TRUNK, *parts} if anew else parts, correction.touched, figure)
        stance = reached(figure, start, _goal(after, camera, taken), free, moving=anew)
        own_hands: Hands = {side: pose for side, pose in hands.items() if f"{side} arm" in taken}
        rotations = fuse_hands(stance.rotations, stance.root, own_hands, figure.bones)
        stance = replace(stance, rotations=rotations)
        return _person(after, figure, stance, shape, camera)

    def _grown(self, parameters: BodyParams, shape: Mapping[str, float]) -> Stance:
        """How somebody stands, as much farther away as another shape is larger."""
        stance = _stance(parameters)
        own = self.physique.stature(parameters.phenotypes)
        return replace(stance, place=stance.place * (self.physique.stature(shape) / own))


def _joined(before: Person, after: Person, parts: set[str]) -> Stance:
    """The stance before with some parts as they are after."""
    old, new = _stance(before.parameters), _stance(after.parameters)
    kept = {bone: turn for bone, turn in old.rotations.items() if limb_of_bone(bone) not in parts}
    taken = {bone: turn for bone, turn in new.rotations.items() if limb_of_bone(bone) in parts}
    return replace(old, rotations=kept | taken)


def _stance(parameters: BodyParams) -> Stance:
    quaternions = np.array([parameters.root, *parameters.rotations.values()])
    root, *turns = matrices_from_wxyz(quaternions)
    rotations = dict(zip(parameters.rotations, turns, strict=True))
    return Stance(rotations, root, np.array(parameters.translation))


def _free_bones(parts: set[str], touched: frozenset[str], figure: Figure) -> list[str]:
    wanted = [bone for part in (TRUNK, *LIMBS) for bone in bending_bones(part, touched)]
    there = set(figure.bones.names)
    return [bone for bone in wanted if limb_of_bone(bone) in parts and bone in there]


def _goal(person: Person, camera: Camera, parts: set[str]) -> Goal:
    """Where the landmarks of some parts were seen or put."""
    look = person.landmarks.pose
    tangents: Array = (look.landmarks_px - np.array(camera.center_px)) / camera.focal_px
    theirs = [limb_of_landmark(name) in parts for name in POSE_LANDMARKS]
    return Goal(tangents.astype(np.float64), _trust(look) * theirs)


def _trust(look: PoseLandmarks) -> Array:
    seen = np.square(look.visibility.astype(np.float64))
    return np.where(look.visibility >= CERTAIN, _PINNED, seen)


def _person(
    seen: Person, figure: Figure, stance: Stance, shape: Mapping[str, float], camera: Camera
) -> Person:
    """Whoever was seen, in a stance."""
    joints = figure.posed(stance.rotations).joints @ stance.root.T + stance.place
    confidence = confidence_of(seen.landmarks)
    rig, actions = seen.parameters.rig, seen.parameters.facial_actions
    parameters = body_params(rig, stance.root, stance.place, stance.rotations, shape)
    return replace(
        seen,
        keypoints=keypoints_of(joints.astype(np.float32), confidence, camera),
        joint_confidence=joint_confidence_of(list(stance.rotations), confidence),
        parameters=replace(parameters, facial_actions=actions),
    )
