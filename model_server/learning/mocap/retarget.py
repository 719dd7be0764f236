# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion of any known source to rotations of the pose bones, by bone direction and roll.

Trunk, head and feet turn as the source's bones turn away from its upright rest pose. Upper and
lower limbs point where the source's point; their roll comes from the plane in which knee or elbow
bends and, when the limb is straight, from where the source's upper bone holds its hinge. Hands
follow the source's palm; forearms share their twist.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from model_server.learning.body.pose_bones import POSE_BONES, POSE_PARENTS
from model_server.learning.mocap import so3
from model_server.learning.mocap.bvh import Motion
from model_server.learning.mocap.limbs import Limb, pointing, shoulder_rhythm
from model_server.learning.mocap.reference import Reference
from model_server.learning.mocap.skeletons import Limbs, Source, recognise
from model_server.learning.mocap.so3 import Array

BODY_FROM_Y_UP: Final = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
FORWARD: Final = np.array([0.0, -1.0, 0.0])
LEFT: Final = np.array([1.0, 0.0, 0.0])
UP: Final = np.array([0.0, 0.0, 1.0])
BEND_TRUSTED: Final = np.radians(
    (10.0, 30.0)
)  # the bending plane counts from the first, alone from the second
TWIST_LIMITS: Final = np.radians(
    (-95.0, 80.0)
)  # forearm from the reference, positive turns the left palm up
STIFF: Final = np.radians(2.0)
HEAD_LOST: Final = np.radians(100.0)
RELAXED_TWIST: Final = np.radians(-28.0)  # of hands beside the thighs, in the same sense
TWIST_SHARE: Final = 0.5  # of the forearm's twist, done by lowerarm02; the wrist does the rest


@dataclass(frozen=True)
class BodyMotion:
    """A source's motion in the body frame: x left, y back, z up."""

    names: tuple[str, ...]
    rest: Array  # (J, 3)
    rotations: Array  # (F, J, 3, 3) world, away from the rest pose
    positions: Array  # (F, J, 3) metres

    def turned(self, name: str) -> Array:
        return self.rotations[:, self.names.index(name)]

    def direction(self, start: str, end: str) -> Array:
        """(F, 3) unit."""
        step = self.positions[:, self.names.index(end)] - self.positions[:, self.names.index(start)]
        return so3.normalised(step)

    def rest_direction(self, start: str, end: str) -> Array:
        """(3,) unit."""
        return so3.normalised(self.rest[self.names.index(end)] - self.rest[self.names.index(start)])


def in_body_frame(motion: Motion, source: Source) -> BodyMotion:
    axes = np.eye(3) if source.z_up else BODY_FROM_Y_UP
    return BodyMotion(
        names=motion.skeleton.names,
        rest=motion.skeleton.rest_positions @ axes.T,
        rotations=axes @ motion.rotations @ axes.T,
        positions=motion.positions @ axes.T * source.metres,
    )


def retarget(motion: Motion, reference: Reference) -> Array:
    """(F, 22, 3, 3) relative to the parents (`docs/conventions.md`); the root's is body-world."""
    source = recognise(motion.skeleton.names)
    clip = in_body_frame(motion, source)
    world = {"root": clip.turned(source.pelvis)}
    world |= trunk(clip, source)
    for limbs, side in ((source.left, ".L"), (source.right, ".R")):
        world["clavicle" + side] = clavicle(clip, limbs, world["spine02"], side)
        world |= leg(clip, limbs, reference, side)
        world |= arm(clip, source, reference, side)
    return relative_to_parents(world)


def relative_to_parents(world: dict[str, Array]) -> Array:
    """World rotations (F, 3, 3) by bone -> (F, 22, 3, 3) relative to the parents."""
    local = [
        so3.transposed(world[POSE_PARENTS[bone]]) @ world[bone]
        if bone in POSE_PARENTS
        else world[bone]
        for bone in POSE_BONES
    ]
    return np.stack(local, -3)


def trunk(clip: BodyMotion, source: Source) -> dict[str, Array]:
    """The spine shares the chest's turn evenly, neck and head that of the head."""
    pelvis, chest = clip.turned(source.pelvis), clip.turned(source.chest)
    head = clip.turned(source.head) @ so3.about(LEFT, np.array(-source.head_pitch))
    if np.mean(so3.angle_between(chest, head) > HEAD_LOST) > 0.1:
        head = chest  # some clips lost the head's markers
    return {
        "spine04": so3.between(pelvis, chest, 1 / 3),
        "spine03": so3.between(pelvis, chest, 2 / 3),
        "spine02": chest,
        "neck01": so3.between(chest, head, 1 / 2),
        "head": head,
    }


def clavicle(clip: BodyMotion, limbs: Limbs, chest: Array, side: str) -> Array:
    """World rotations (F, 3, 3): the source's, or where it is stiff, what raised arms cause."""
    given = so3.transposed(chest) @ clip.turned(limbs.clavicle)
    if so3.to_rotvec(given).std(0).max() > STIFF or len(given) == 1:
        return chest @ given
    arm = so3.transposed(chest) @ clip.direction(limbs.shoulder, limbs.elbow)[..., None]
    return chest @ shoulder_rhythm(arm[..., 0], side)


def leg(clip: BodyMotion, limbs: Limbs, reference: Reference, side: str) -> dict[str, Array]:
    bones = ("upperleg01" + side, "lowerleg01" + side, "foot" + side)
    upper, lower = hinged_pair(
        clip, (limbs.hip, limbs.knee, limbs.ankle), reference, bones, -FORWARD
    )
    return {bones[0]: upper, bones[1]: lower, bones[2]: foot(clip, limbs, reference, lower, side)}


def foot(clip: BodyMotion, limbs: Limbs, reference: Reference, lower: Array, side: str) -> Array:
    """World rotations (F, 3, 3): toes where the source's are; the sole rolls flat when it can, else
    with the shin.

    Soles lie flat in all rest poses though ankles stand at different heights; the sources' own roll
    is too often wrong.
    """
    toes = clip.direction(limbs.ankle, limbs.toe)
    beside = lower @ LEFT
    standing = np.clip(2.5 * -(lower @ -UP)[:, 2] - 1, 0, 1) * np.clip(
        2.2 - 4 * np.abs(toes[:, 2] + 0.15), 0, 1
    )
    flat = so3.normalised(np.cross(UP, toes))
    beside = so3.normalised(beside + 3 * standing[:, None] * flat)
    rest = clip.rest_direction(limbs.ankle, limbs.toe)
    sole = so3.frame(rest, LEFT).T @ so3.frame(level(rest), LEFT)
    ours = so3.frame(level(reference.direction("foot" + side, "toe3-1" + side)), LEFT)
    return so3.frame(toes, beside) @ sole @ ours.T


def level(direction: Array) -> Array:
    """(3,) without its vertical part."""
    return so3.normalised(direction * (1, 1, 0))


def arm(clip: BodyMotion, source: Source, reference: Reference, side: str) -> dict[str, Array]:
    limbs = source.left if side == ".L" else source.right
    bones = ("upperarm01" + side, "lowerarm01" + side, "wrist" + side)
    upper, lower = hinged_pair(
        clip, (limbs.shoulder, limbs.elbow, limbs.wrist), reference, bones, FORWARD
    )
    axis = so3.normalised(reference.direction(bones[1], bones[2]))
    hand = (
        so3.transposed(lower) @ palm(clip, limbs, reference, side)
        if limbs.hand_tip
        else np.tile(np.eye(3), (len(lower), 1, 1))
    )
    outward = axis if side == ".R" else -axis
    if source.hands_biased:
        hand = about_relaxed(hand, so3.about(outward, np.array(RELAXED_TWIST)))
    twist = unwrapped(so3.twist_angle(hand, outward), float(np.mean(TWIST_LIMITS)))
    allowed = np.clip(twist, *TWIST_LIMITS)
    forearm = so3.about(outward, allowed * TWIST_SHARE)
    hand = so3.about(outward, allowed - twist) @ hand
    return {
        bones[0]: upper,
        bones[1]: lower,
        "lowerarm02" + side: lower @ forearm,
        bones[2]: lower @ hand,
    }


def about_relaxed(hand: Array, relaxed: Array) -> Array:
    """Rotations `hand` (F, 3, 3) moved so that their mean is `relaxed` (3, 3)."""
    left, _, right = np.linalg.svd(hand.mean(0))
    mean = left @ np.diag((1.0, 1.0, np.linalg.det(left @ right))) @ right
    return relaxed @ mean.T @ hand


def unwrapped(angles: Array, centre: float) -> Array:
    """Angles (F,) without jumps of full turns, their median within half a turn of `centre`."""
    steady = np.unwrap(angles)
    return steady - np.round((np.median(steady) - centre) / (2 * np.pi)) * 2 * np.pi


def palm(clip: BodyMotion, limbs: Limbs, reference: Reference, side: str) -> Array:
    """World rotation (F, 3, 3) that lays the reference hand into the source's."""
    assert limbs.hand_tip
    assert limbs.thumb_side
    assert limbs.little_side
    rest = so3.frame(
        clip.rest_direction(limbs.wrist, limbs.hand_tip),
        clip.rest_direction(limbs.little_side, limbs.thumb_side),
    )
    ours = so3.frame(
        reference.direction("wrist" + side, "finger3-1" + side),
        reference.direction("finger5-1" + side, "finger2-1" + side),
    )
    return clip.turned(limbs.wrist) @ rest @ ours.T


def hinged_pair(
    clip: BodyMotion,
    joints: tuple[str, str, str],
    reference: Reference,
    bones: tuple[str, str, str],
    folds_towards: Array,
) -> tuple[Array, Array]:
    """World rotations (F, 3, 3) of the two bones of a limb that bends at the middle joint.

    `folds_towards` (3,) is where the lower bone swings from the rest pose when the joint bends.
    """
    upper, lower = clip.direction(*joints[:2]), clip.direction(*joints[1:])
    hinge = hinge_axes(clip, joints, upper, lower, folds_towards)
    return pointing(Limb.of(reference, *bones), upper, lower, hinge)


def hinge_axes(
    clip: BodyMotion, joints: tuple[str, str, str], upper: Array, lower: Array, folds_towards: Array
) -> Array:
    """World hinge axes (F, 3): normals of the bending plane, or what a straight limb carries."""
    turned = clip.turned(joints[0])
    normals = np.cross(upper, lower)
    prior = so3.normalised(np.cross(clip.rest_direction(*joints[:2]), folds_towards))
    carried = turned @ carried_axis(so3.transposed(turned), normals, prior)
    bend = np.arctan2(np.linalg.norm(normals, axis=-1), np.einsum("fi,fi->f", upper, lower))
    low, high = BEND_TRUSTED
    trust = np.clip((bend - low) / (high - low), 0, 1)
    trust = trust * trust * (3 - 2 * trust)
    normals = so3.normalised(normals)
    # A joint bent the wrong way is an overstretched one: its plane says nothing.
    trust *= np.clip(2 * np.einsum("fi,fi->f", normals, carried), 0, 1)
    return so3.normalised(trust[:, None] * normals + (1 - trust[:, None]) * carried)


def carried_axis(local_from_world: Array, normals: Array, prior: Array) -> Array:
    """(3,) the hinge in the upper bone's rest axes: mean normal (F, 3), with a `prior`."""
    local = np.einsum("fij,fj->fi", local_from_world, normals)
    agreeing = local[local @ prior > 0]
    return so3.normalised(agreeing.sum(0) + 5.0 * prior)
