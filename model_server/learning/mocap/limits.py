# SPDX-License-Identifier: GPL-3.0-or-later
"""How far each pose bone turns from the reference pose, in axes of its own.

A rotation is written as a rotation vector in the bone's frame: `twist` about the bone, `hinge`
about the axis on which the limb folds (for the trunk and the feet: the left-right axis), `side`
about the third. Positive hinge folds elbows and knees, takes thighs back, points toes down and bows
the trunk; the right side mirrors the left.
"""

from typing import Final

import numpy as np

from model_server.learning.body.pose_bones import MIRROR, POSE_BONES
from model_server.learning.mocap import so3
from model_server.learning.mocap.reference import Reference
from model_server.learning.mocap.so3 import Array

ROOT: Final = (-180.0, 180.0)

# Degrees (lowest, highest): twist, hinge, side; left side of the body.
LIMITS: Final[dict[str, tuple[tuple[float, float], ...]]] = {
    "root": (ROOT, ROOT, ROOT),
    "upperleg01": ((-45, 40), (-125, 35), (-35, 70)),
    "lowerleg01": ((-12, 12), (-14, 145), (-8, 8)),
    "foot": ((-35, 35), (-40, 60), (-20, 25)),
    "spine04": ((-18, 18), (-14, 30), (-14, 14)),
    "spine03": ((-18, 18), (-14, 30), (-14, 14)),
    "spine02": ((-18, 18), (-14, 30), (-14, 14)),
    "neck01": ((-42, 42), (-30, 30), (-25, 25)),
    "head": ((-42, 42), (-30, 30), (-25, 25)),
    "clavicle": ((-12, 12), (-25, 25), (-18, 32)),
    "upperarm01": ((-110, 85), (-65, 140), (-85, 70)),
    "lowerarm01": ((-12, 12), (-42, 112), (-8, 8)),
    "lowerarm02": ((-50, 50), (-2, 2), (-2, 2)),
    "wrist": ((-50, 50), (-75, 75), (-40, 40)),
}


def bone_frames(reference: Reference) -> Array:
    """(22, 3, 3): columns are each pose bone's twist, hinge and side axes, body frame."""
    frames = np.tile(np.stack([(0.0, 0, 1), (1.0, 0, 0), (0.0, 1, 0)], -1), (len(POSE_BONES), 1, 1))
    for start, middle, end in (
        ("upperleg01", "lowerleg01", "foot"),
        ("upperarm01", "lowerarm01", "wrist"),
    ):
        upper = reference.direction(f"{start}.L", f"{middle}.L")
        lower = reference.direction(f"{middle}.L", f"{end}.L")
        frames[POSE_BONES.index(f"{start}.L")] = so3.frame(upper, np.cross(upper, lower))
        frames[POSE_BONES.index(f"{middle}.L")] = so3.frame(lower, np.cross(upper, lower))
    frames[POSE_BONES.index("lowerarm02.L")] = frames[POSE_BONES.index("lowerarm01.L")]
    frames[POSE_BONES.index("wrist.L")] = frames[POSE_BONES.index("lowerarm01.L")]
    frames[POSE_BONES.index("clavicle.L")] = so3.frame(
        reference.direction("clavicle.L", "upperarm01.L"), UP
    )
    right = [position for position, name in enumerate(POSE_BONES) if name.endswith(".R")]
    # Axes of rotation are pseudovectors: a mirror keeps their x and turns the rest round.
    frames[right] = np.array([1.0, -1, -1])[:, None] * frames[np.array(MIRROR)[right]]
    return frames


UP: Final = np.array([0.0, 0.0, 1.0])


def limit_arrays() -> tuple[Array, Array]:
    """Lowest and highest (22, 3) radians, in the bone frames."""
    degrees = np.array([LIMITS[name.removesuffix(".L").removesuffix(".R")] for name in POSE_BONES])
    low, high = np.radians(degrees[..., 0]), np.radians(degrees[..., 1])
    return low, high


def to_bone_frames(frames: Array, rotations: Array) -> Array:
    """rotations (..., 22, 3, 3) -> vectors (..., 22, 3), radians; works for one bone, too."""
    return np.einsum("...ji,...j->...i", frames, so3.to_rotvec(rotations))


def from_bone_frames(frames: Array, vectors: Array) -> Array:
    """Twist, hinge and side (..., 22, 3) -> rotations (..., 22, 3, 3)."""
    return so3.from_rotvec(np.einsum("...ij,...j->...i", frames, vectors))


def excess(frames: Array, rotations: Array) -> Array:
    """By how many radians (..., 22) the worst axis of each bone is beyond its limits; 0 within."""
    low, high = limit_arrays()
    vectors = to_bone_frames(frames, rotations)
    return np.maximum(np.maximum(low - vectors, vectors - high).max(-1), 0.0)


def clamped(frames: Array, rotations: Array) -> Array:
    """Rotations (..., 22, 3, 3) brought back within the limits."""
    low, high = limit_arrays()
    return from_bone_frames(frames, np.clip(to_bone_frames(frames, rotations), low, high))
