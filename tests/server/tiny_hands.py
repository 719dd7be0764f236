# SPDX-License-Identifier: GPL-3.0-or-later
"""A graph with the inputs and outputs of the network of hands, to which every hand is in the
reference pose, palms turned like the body.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from tests.server.tiny_graph import write_tiny_graph


def write_tiny_hands(path: Path) -> Path:
    """Save the graph at `path` and return it."""
    return write_tiny_graph(
        path,
        _nodes(),
        inputs={
            "landmarks_px": [21, 2],
            "world": [21, 3],
            "confidence": [],
            "focal_px": [],
            "center_px": [2],
        },
        outputs={"fingers": [15, 3, 3], "palm": [3, 3]},
        constants=_constants(),
    )


def _constants() -> dict[str, object]:
    eye = np.eye(3, dtype=np.float32)
    return {
        "zero": np.float32(0),
        "axis_1": np.array([1], np.int64),
        "axes_12": np.array([1, 2], np.int64),
        "eyes": np.tile(eye, (1, 15, 1, 1)),
        "eye": eye[None],
    }


def _nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    # `none` (B,) is zero for every hand; adding it repeats a constant for the batch.
    return [
        node("Mul", ["focal_px", "zero"], ["none"]),
        node("Unsqueeze", ["none", "axes_12"], ["none3"]),
        node("Unsqueeze", ["none3", "axis_1"], ["none4"]),
        node("Add", ["eyes", "none4"], ["fingers"]),
        node("Add", ["eye", "none3"], ["palm"]),
    ]
