# SPDX-License-Identifier: GPL-3.0-or-later
"""A body asset of a neck, a head, a leg and two straight arms with five-fingered hands, as far as
the server reads it.
"""

import json
from pathlib import Path

import numpy as np

from model_server.hand_rig import FINGERS
from model_server.landmark_names import COCO_JOINTS, POSE_LANDMARKS

Bones = dict[str, tuple[str, tuple[float, float, float], tuple[float, float, float]]]


def write_tiny_body(path: Path) -> Path:
    """Save the asset at `path` and return it."""
    bones = _bones()
    names = list(bones)
    heads = np.array([head for _, head, _ in bones.values()], np.float32)
    landmarks = [*POSE_LANDMARKS, *(f"coco:{joint}" for joint in COCO_JOINTS)]
    skin = np.arange(len(names))[:, None]  # a vertex at every bone's head, which moves it
    meta = {
        "bone_names": names,
        "bone_parents": [names.index(parent) if parent else -1 for parent, _, _ in bones.values()],
        "variation_names": {"age": ["young", "old"]},
        "variation_anchors": {"age": [0, 1]},
        "landmark_names": landmarks,
    }
    eyes = np.tile(np.eye(3, dtype=np.float32), (len(names), 1, 1))
    np.savez(
        path,
        meta=json.dumps(meta),
        bone_heads=heads,
        bone_tails=np.array([tail for _, _, tail in bones.values()], np.float32),
        rest_matrices=eyes,
        variation_mask=np.array([[0, 1]], np.uint8),  # the older, the larger
        variation_projection=np.ones((1, 1), np.float32),
        shape_bone_heads=heads[None],
        shape_rest_matrices=np.zeros((1, len(names), 3, 3), np.float32),
        reference_rotations=eyes,
        template_vertices=heads,
        shape_vertices=np.round(heads[None] * 1000).astype(np.int16),
        shape_vertices_step=np.array([1e-3], np.float32),
        weight_bones=skin.astype(np.uint8),
        weights=np.full_like(skin, 65535, np.uint16),
        faces=np.array([[0, 1, 2, 3], [3, 4, 5, 6]], np.uint16),
        face_materials=np.zeros(2, np.uint8),
        landmark_vertices=np.arange(len(landmarks))[:, None].astype(np.uint16) % len(names),
        landmark_weights=np.ones((len(landmarks), 1), np.float32),
    )
    return path


def _bones() -> Bones:
    """By name the parent, the head and the tail; arms point sideways and palms down."""
    bones: Bones = {
        "root": ("", (0, 0, 0), (0, 0, 1)),
        "neck01": ("root", (0, 0, 1.45), (0, 0, 1.55)),
        "head": ("neck01", (0, 0, 1.55), (0, 0, 1.75)),
        "lowerleg01.L": ("root", (0.1, 0, 0.5), (0.1, 0, 0.1)),
    }
    for letter, s in (("L", 1), ("R", -1)):
        bones[f"upperarm01.{letter}"] = ("root", (0.2 * s, 0, 1.4), (0.5 * s, 0, 1.4))
        bones[f"lowerarm02.{letter}"] = (
            f"upperarm01.{letter}",
            (0.5 * s, 0, 1.4),
            (0.7 * s, 0, 1.4),
        )
        bones[f"wrist.{letter}"] = (f"lowerarm02.{letter}", (0.7 * s, 0, 1.4), (0.72 * s, 0, 1.4))
        for i, finger in enumerate(FINGERS):
            bones |= _finger(finger, letter, s, i)
    return bones


def _finger(finger: str, letter: str, s: int, i: int) -> Bones:
    parent, bones, y = f"wrist.{letter}", Bones(), -0.04 + 0.02 * i
    start = 0.72 if i == 0 else 0.79
    for joint in (1, 2, 3):
        # a little lower at every joint, as fingers at rest are
        heads = [(s * (start + 0.03 * j), y, 1.4 - 0.002 * j * j) for j in (joint - 1, joint)]
        bones[f"{finger}-{joint}.{letter}"] = (parent, heads[0], heads[1])
        parent = f"{finger}-{joint}.{letter}"
    return bones
