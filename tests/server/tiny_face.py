# SPDX-License-Identifier: GPL-3.0-or-later
"""A graph with the face network's inputs and outputs that takes the mouth's height for an open jaw,
and every head for one that is turned like the body. One that wants pictures takes faces whose
pictures were read for puckered ones.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from tests.server.tiny_graph import write_tiny_graph

ACTIONS = ("jawOpen", "mouthPucker")
LIPS = (13, 14)  # upper and lower, inside
LANDMARKS = {"landmarks_px": [478, 2], "depth": [478], "focal_px": [], "center_px": [2]}
PICTURE = {"features": [64], "heat_px": [157, 2], "heat_trust": [157], "present": [1]}


def write_tiny_face(path: Path, *, wants_pictures: bool = False) -> Path:
    """Save the graph at `path` and return it."""
    return write_tiny_graph(
        path,
        _nodes() if wants_pictures else [_nothing_read(), *_nodes()],
        inputs=LANDMARKS | (PICTURE if wants_pictures else {}),
        outputs={"actions": [len(ACTIONS)], "cam_from_head": [3, 3]},
        constants=_constants(),
        config={"facial_actions": ACTIONS},
    )


def _constants() -> dict[str, object]:
    return {
        "upper": np.array(LIPS[0], np.int64),
        "lower": np.array(LIPS[1], np.int64),
        "down": np.array([1], np.int64),
        "axis_1": np.array([1], np.int64),
        "per_px": np.float32(0.01),
        "zero": np.float32(0),
        "one": np.float32(1),
        "one_face": np.array([1, 1], np.int64),
        "axes_12": np.array([1, 2], np.int64),
        "eye": np.eye(3, dtype=np.float32)[None],
    }


def _nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Gather", ["landmarks_px", "upper"], ["above"], axis=1),
        node("Gather", ["landmarks_px", "lower"], ["below"], axis=1),
        node("Sub", ["below", "above"], ["gap"]),
        node("Gather", ["gap", "down"], ["height"], axis=1),
        node("Mul", ["height", "per_px"], ["open"]),
        node("Clip", ["open", "zero", "one"], ["jaw"]),
        node("Mul", ["jaw", "zero"], ["no_pucker"]),
        node("Add", ["no_pucker", "present"], ["pucker"]),
        node("Concat", ["jaw", "pucker"], ["actions"], axis=1),
        node("Mul", ["focal_px", "zero"], ["none"]),
        node("Unsqueeze", ["none", "axes_12"], ["none3"]),
        node("Add", ["eye", "none3"], ["cam_from_head"]),
    ]


def _nothing_read() -> onnx.NodeProto:
    return helper.make_node("ConstantOfShape", ["one_face"], ["present"])
