# SPDX-License-Identifier: GPL-3.0-or-later
"""A graph with the inputs and outputs of the encoders of hands and faces that computes next to
nothing: it sees the landmarks where it is told they are, is sure of them, and tells in its first
feature how bright the left quarter of the crop is.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from model_server.detail_crop import DETAIL_PX
from tests.server.tiny_graph import write_tiny_graph

FEATURES = 64


def write_tiny_detail_encoder(path: Path, landmarks: int) -> Path:
    """Save the graph at `path` and return it."""
    return write_tiny_graph(
        path,
        _nodes(),
        inputs={"image": [DETAIL_PX, DETAIL_PX, 3], "landmarks": [landmarks, 2]},
        outputs={"features": [FEATURES], "heat": [landmarks, 2], "heat_trust": [landmarks]},
        constants=_constants(),
        of_bytes=["image"],
    )


def _constants() -> dict[str, object]:
    first = np.zeros((1, FEATURES), np.float32)
    first[0, 0] = 1
    return {
        "first": first,
        "begin": np.array([0], np.int64),
        "end": np.array([DETAIL_PX // 4], np.int64),
        "across": np.array([2], np.int64),
        "axis_1": np.array([1], np.int64),
        "x": np.array(0, np.int64),
        "zero": np.float32(0),
        "one": np.float32(1),
    }


def _nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Identity", ["landmarks"], ["heat"]),
        node("Gather", ["landmarks", "x"], ["xs"], axis=2),
        node("Mul", ["xs", "zero"], ["none"]),
        node("Add", ["none", "one"], ["heat_trust"]),
        node("Cast", ["image"], ["bright"], to=TensorProto.FLOAT),
        node("Slice", ["bright", "begin", "end", "across"], ["left"]),
        node("ReduceMean", ["left"], ["light"], axes=[1, 2, 3], keepdims=0),
        node("Unsqueeze", ["light", "axis_1"], ["light2"]),
        node("Mul", ["light2", "first"], ["features"]),
    ]
