# SPDX-License-Identifier: GPL-3.0-or-later
"""A graph with the image encoder's inputs and outputs that computes next to nothing.

It sees the landmarks where it is told they are, trusts them by visibility, and calls everything
hips as much as the picture is bright.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from model_server.person_crop import CROP_PX

FEATURES, PARTS, CELLS = 128, 15, 16


def write_tiny_encoder(path: Path) -> Path:
    """Save the graph at `path` and return it."""
    graph = helper.make_graph(_nodes(), "tiny", _inputs(), _outputs(), _constants())
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def _inputs() -> list[onnx.ValueInfoProto]:
    return [
        _value("image", [CROP_PX, CROP_PX, 3], TensorProto.UINT8),
        _value("mask", [CROP_PX, CROP_PX], TensorProto.UINT8),
        _value("landmarks", [33, 2]),
        _value("visibility", [33]),
    ]


def _outputs() -> list[onnx.ValueInfoProto]:
    return [
        _value("features", [FEATURES]),
        _value("parts", [PARTS, CELLS, CELLS]),
        _value("heat", [33, 2]),
        _value("heat_trust", [33]),
    ]


def _value(name: str, shape: list[int], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["people", *shape])


def _constants() -> list[onnx.TensorProto]:
    hips = np.zeros((1, PARTS, CELLS, CELLS), np.float32)
    hips[:, 0] = 1 / 255
    values = {
        "hips": hips,
        "no_features": np.zeros((1, FEATURES), np.float32),
        "axis_1": np.array([1], np.int64),
        "axes_23": np.array([2, 3], np.int64),
        "zero": np.float32(0),
    }
    return [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]


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
