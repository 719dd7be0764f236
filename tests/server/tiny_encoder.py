# SPDX-License-Identifier: GPL-3.0-or-later
"""A graph with the image encoder's inputs and outputs that computes next to nothing.

It sees the landmarks where it is told they are, trusts them by visibility, and calls everything
hips as much as the picture is bright.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from model_server.person_crop import CROP_PX, VIEW_PX
from tests.server.tiny_graph import write_tiny_graph

FEATURES, PARTS, CELLS = 256, 15, 16


def write_tiny_encoder(path: Path) -> Path:
    """Save the graph at `path` and return it."""
    return write_tiny_graph(
        path,
        _nodes(),
        inputs={
            "image": [CROP_PX, CROP_PX, 3],
            "mask": [CROP_PX, CROP_PX],
            "view": [VIEW_PX, VIEW_PX, 3],
            "landmarks": [33, 2],
            "visibility": [33],
        },
        outputs={
            "features": [FEATURES],
            "parts": [PARTS, CELLS, CELLS],
            "heat": [33, 2],
            "heat_trust": [33],
        },
        constants=_constants(),
        of_bytes=["image", "mask", "view"],
    )


def _constants() -> dict[str, object]:
    hips = np.zeros((1, PARTS, CELLS, CELLS), np.float32)
    hips[:, 0] = 1 / 255
    return {
        "hips": hips,
        "no_features": np.zeros((1, FEATURES), np.float32),
        "axis_1": np.array([1], np.int64),
        "axes_23": np.array([2, 3], np.int64),
        "zero": np.float32(0),
    }


def _nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Identity", ["landmarks"], ["heat"]),
        node("Identity", ["visibility"], ["heat_trust"]),
        node("Cast", ["image"], ["bright"], to=TensorProto.FLOAT),
        node("ReduceMean", ["bright"], ["light"], axes=[1, 2, 3], keepdims=0),
        node("Unsqueeze", ["light", "axis_1"], ["light2"]),
        node("Unsqueeze", ["light2", "axes_23"], ["light4"]),
        node("Mul", ["hips", "light4"], ["parts"]),
        node("Mul", ["light2", "zero"], ["none2"]),
        node("Add", ["no_features", "none2"], ["features"]),
    ]
