# SPDX-License-Identifier: GPL-3.0-or-later
"""A graph with the exported network's inputs and outputs that computes next to nothing.

Its keypoints are the evidence itself at three metres, so what comes back is known: they project
onto the landmarks. A body that is known stays, and what it remembers is counted.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from model_server.landmark_names import COCO_FROM_POSE
from tests.server.tiny_graph import write_tiny_graph

BONES = ("upperarm01.L", "upperarm01.R", "lowerleg01.L")
PHENOTYPES = ("gender", "age", "muscle", "weight", "height", "proportions")
DEPTH_M = 3.0
MEMORY = 2


def write_tiny_descent(path: Path) -> Path:
    """Save the graph at `path` and return it."""
    return write_tiny_graph(
        path,
        _nodes(),
        inputs={
            "landmarks_px": [33, 2],
            "visibility": [33],
            "world": [33, 3],
            "depth": [33],
            "focal_px": [],
            "center_px": [2],
            "ends": [3, 3, 3],
            "ends_trust": [3],
            "features": [256],
            "parts": [15, 16, 16],
            "crop_px": [3],
            "heat_px": [33, 2],
            "heat_trust": [33],
            "present": [1],
            "start_rotations": [len(BONES), 3, 3],
            "start_root": [3, 3],
            "start_translation": [3],
            "start_phenotypes": [len(PHENOTYPES)],
            "start_memory": [MEMORY],
            "start_there": [1],
            "start_body": [1],
        },
        outputs={
            "rotations": [len(BONES), 3, 3],
            "root": [3, 3],
            "translation": [3],
            "phenotypes": [len(PHENOTYPES)],
            "keypoints_cam": [17, 3],
            "landmarks_cam": [33, 3],
            "energy": [],
            "memory": [MEMORY],
        },
        constants=_constants(),
        config={
            "rig": "anny",
            "pose_bones": BONES,
            "phenotypes": PHENOTYPES,
            "network": {"memory": MEMORY},
        },
    )


def _constants() -> dict[str, object]:
    eye = np.eye(3, dtype=np.float32)
    return {
        "coco": np.array(COCO_FROM_POSE, np.int64),
        "metres": np.float32(DEPTH_M),
        "one": np.float32(1),
        "axis_1": np.array([1], np.int64),
        "axes_12": np.array([1, 2], np.int64),
        "z_pads": np.array([0, 0, 0, 0, 0, 1], np.int64),
        "eyes": np.tile(eye, (1, len(BONES), 1, 1)),
        "eye": eye[None],
        "ahead": np.array([[0, 0, DEPTH_M]], np.float32),
        "halves": np.full((1, len(PHENOTYPES)), 0.5, np.float32),
        "zero": np.float32(0),
    }


def _nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    # `none` (B,) is zero for every look; adding it repeats a constant for the batch.
    return [
        node("Mul", ["focal_px", "zero"], ["none"]),
        node("Unsqueeze", ["none", "axis_1"], ["none2"]),
        node("Unsqueeze", ["none", "axes_12"], ["none3"]),
        node("Unsqueeze", ["none3", "axis_1"], ["none4"]),
        node("Add", ["eyes", "none4"], ["rotations"]),
        node("Add", ["eye", "none3"], ["root"]),
        node("Add", ["ahead", "none2"], ["translation"]),
        node("Sub", ["start_phenotypes", "halves"], ["other"]),
        node("Mul", ["other", "start_body"], ["known"]),
        node("Add", ["halves", "known"], ["phenotypes"]),
        node("Add", ["start_memory", "start_there"], ["memory"]),
        node("Unsqueeze", ["center_px", "axis_1"], ["center3"]),
        node("Sub", ["landmarks_px", "center3"], ["off"]),
        node("Unsqueeze", ["focal_px", "axes_12"], ["focal3"]),
        node("Div", ["off", "focal3"], ["slope"]),
        node("Mul", ["slope", "metres"], ["xy"]),
        node("Pad", ["xy", "z_pads", "metres"], ["landmarks_cam"]),
        node("Gather", ["landmarks_cam", "coco"], ["keypoints_cam"], axis=1),
        node("ReduceMean", ["visibility"], ["seen"], axes=[1], keepdims=0),
        node("Sub", ["one", "seen"], ["energy"]),
    ]
