# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion made here, of which everything is known: somebody who walks without sliding, and noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hund_blender.body import Body
from hund_blender.bones import drawn_bones
from hund_blender.clip.legs import reached, stance
from hund_blender.clip.motion import Motion
from hund_blender.clip.quaternions import exponential, inverse, logarithm, product
from hund_blender.clip.skeleton import Skeleton, skeleton_of
from hund_blender.clip.smoothing import blurred
from hund_blender.rigs import MAKEHUMAN, rig_of

ADULT = {"age": 2 / 3}
STEP_S = 0.6  # a foot stands for so long, then swings for so long
STRIDE_M = 0.6
SPEED_M_S = STRIDE_M / STEP_S / 2
HIPS = 0.94  # of their height at rest: knees stay bent
LIFT_M = 0.12
FACES = 52


def skeleton(body: Body, rig: str = MAKEHUMAN) -> Skeleton:
    rest = body.rest(ADULT).standing()
    chosen = rig_of(rig, body)
    return skeleton_of(chosen, rest, drawn_bones(chosen, rest).frames)


def still(bones: Skeleton, count: int, fps: float = 30.0) -> Motion:
    """Somebody at rest."""
    rotations = np.zeros((count, len(bones.names), 4))
    rotations[..., 0] = 1.0
    return Motion(
        fps=fps,
        frames=np.arange(count),
        seen=np.ones(count, bool),
        rotations_wxyz=rotations,
        root_m=np.tile(bones.heads[0], (count, 1)),
        facial_actions=np.zeros((count, FACES)),
    )


def walk(bones: Skeleton, count: int, fps: float = 30.0) -> Motion:
    """Somebody who walks to -Y; feet stand flat and still, or swing."""
    motion = still(bones, count, fps)
    seconds = motion.frames / fps
    motion.root_m[:, 1] -= SPEED_M_S * seconds
    motion.root_m[:, 2] *= HIPS
    stands = stance(bones, motion.rotations_wxyz, motion.root_m)
    flat = stands.turns_wxyz[:, 0]
    for side, leg in enumerate(bones.legs):
        ankles = stands.heads[:, leg.foot].copy()
        along, lift = foot_path(seconds + side * STEP_S)
        ankles[:, 1] = bones.heads[leg.foot, 1] - along + side * STEP_S * SPEED_M_S
        ankles[:, 2] = bones.heads[leg.foot, 2] + lift
        chain = [leg.thigh, leg.shin, leg.foot]
        motion.rotations_wxyz[:, chain] = reached(bones, leg, stands, ankles, flat)
    return motion


def foot_path(seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far along, and how high, a foot is that stands on even steps and swings on odd ones."""
    steps, share = np.divmod(seconds / STEP_S, 2.0)
    swing = np.clip(share - 1.0, 0.0, 1.0)
    along = STRIDE_M * (steps + 0.75 - np.cos(np.pi * swing) / 2)
    return along, LIFT_M * np.sin(np.pi * swing) ** 2


def noisy(
    motion: Motion, degrees: float = 1.0, metres: float = 0.005, slow_m: float = 0.0, seed: int = 0
) -> Motion:
    """With white noise on all bones and the root, and a slow drift of the root."""
    rng = np.random.default_rng(seed)
    count, bones = motion.rotations_wxyz.shape[:2]
    turns = exponential(np.radians(degrees) * rng.normal(size=(count, bones, 3)))
    drift = blurred(rng.normal(size=(count, 3)), 0.5 * motion.fps)
    drift *= slow_m / max(float(drift.std()), 1e-9)
    return replace(
        motion,
        rotations_wxyz=product(motion.rotations_wxyz, turns),
        root_m=motion.root_m + drift + metres * rng.normal(size=(count, 3)),
    )


def angles_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angles (...,) in radians, 0…π, between turns (..., 4)."""
    angles: np.ndarray = np.linalg.norm(logarithm(product(inverse(a), b)), axis=-1)
    return angles


def soles_of(bones: Skeleton, motion: Motion) -> np.ndarray:
    """Heels and toe tips (F, 2, 2, 3)."""
    stands = stance(bones, motion.rotations_wxyz, motion.root_m)
    return bones.soles(stands.turns_wxyz, stands.heads)


def skate_mm(soles: np.ndarray, down: np.ndarray) -> float:
    """How far points that are down go over the floor, on average per frame."""
    both = down[1:] & down[:-1]
    return float(1000 * np.linalg.norm(np.diff(soles[..., :2], axis=0), axis=-1)[both].mean())
