# SPDX-License-Identifier: GPL-3.0-or-later
"""A graph with the inputs and outputs of the network of hands, to which every hand is in the
reference pose, palms turned like the body. One that wants pictures turns the palms of hands in
pictures that were read upside down.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from tests.server.tiny_graph import write_tiny_graph

HAND = {
    "landmarks_px": [21, 2],
    "world": [21, 3],
    "confidence": [],
    "focal_px": [],
    "center_px": [2],
}
PICTURE = {"features": [64], "heat_px": [21, 2], "heat_trust": [21], "present": [1]}


def write_tiny_hands(path: Path, *, wants_pictures: bool = False) -> Path:
    """Save the graph at `path` and return it."""
    return write_tiny_graph(
        path,
        _nodes() if wants_pictures else [_nothing_read(), *_nodes()],
        inputs=HAND | (PICTURE if wants_pictures else {}),
        outputs={"fingers": [15, 3, 3], "palm": [3, 3]},
        constants=_constants(),
    )


def _constants() -> dict[str, object]:
    eye = np.eye(3, dtype=np.float32)
    return {
        "zero": np.float32(0),
        "one_hand": np.array([1, 1], np.int64),
        "axis_1": np.array([1], np.int64),
        "axes_12": np.array([1, 2], np.int64),
        "eyes": np.tile(eye, (1, 15, 1, 1)),
        "eye": eye[None],
        "half_turn": np.diag([-2.0, -2.0, 0.0]).astype(np.float32)[None],
    }


def _nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    # `none` (B,) is zero for every hand; adding it repeats a constant for the batch.
    return [
        node("Mul", ["focal_px", "zero"], ["none"]),
        node("Unsqueeze", ["none", "axes_12"], ["none3"]),
        node("Unsqueeze", ["present", "axis_1"], ["present3"]),
        node("Mul", ["present3", "half_turn"], ["turn"]),
        node("Unsqueeze", ["none3", "axis_1"], ["none4"]),
        node("Add", ["eyes", "none4"], ["fingers"]),
        node("Add", ["eye", "none3"], ["unturned"]),
        node("Add", ["unturned", "turn"], ["palm"]),
    ]


def _nothing_read() -> onnx.NodeProto:
    return helper.make_node("ConstantOfShape", ["one_hand"], ["present"])
