# SPDX-License-Identifier: GPL-3.0-or-later
"""A graph with the inputs and outputs of the network of hands, to which every hand is in the
reference pose, palms turned like the body.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_tiny_hands(path: Path) -> Path:
    """Save the graph at `path` and return it."""
    graph = helper.make_graph(_nodes(), "tiny_hands", _inputs(), _outputs(), _constants())
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def _inputs() -> list[onnx.ValueInfoProto]:
    shapes = {
        "landmarks_px": [21, 2],
        "world": [21, 3],
        "confidence": [],
        "focal_px": [],
        "center_px": [2],
    }
    return [_value(name, shape) for name, shape in shapes.items()]


def _outputs() -> list[onnx.ValueInfoProto]:
    return [_value("fingers", [15, 3, 3]), _value("palm", [3, 3])]


def _value(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["hands", *shape])


def _constants() -> list[onnx.TensorProto]:
    eye = np.eye(3, dtype=np.float32)
    values = {
        "zero": np.float32(0),
        "axis_1": np.array([1], np.int64),
        "axes_12": np.array([1, 2], np.int64),
        "eyes": np.tile(eye, (1, 15, 1, 1)),
        "eye": eye[None],
    }
    return [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]


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
