# SPDX-License-Identifier: GPL-3.0-or-later
"""A graph with the face network's inputs and outputs that takes the mouth's height for an open jaw,
and every head for one that is turned like the body. One that wants pictures takes faces whose
pictures were read for puckered ones.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from model_server.session import CONFIG_KEY

ACTIONS = ("jawOpen", "mouthPucker")
LIPS = (13, 14)  # upper and lower, inside


def write_tiny_face(path: Path, *, wants_pictures: bool = False) -> Path:
    """Save the graph at `path` and return it."""
    inputs = [*_inputs(), *(_picture_inputs() if wants_pictures else [])]
    nodes = _nodes() if wants_pictures else [_nothing_read(), *_nodes()]
    graph = helper.make_graph(nodes, "tiny_face", inputs, _outputs(), _constants())
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {CONFIG_KEY: json.dumps({"facial_actions": ACTIONS})})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def _inputs() -> list[onnx.ValueInfoProto]:
    shapes = {"landmarks_px": [478, 2], "depth": [478], "focal_px": [], "center_px": [2]}
    return [_value(name, shape) for name, shape in shapes.items()]


def _picture_inputs() -> list[onnx.ValueInfoProto]:
    shapes = {"features": [64], "heat_px": [157, 2], "heat_trust": [157], "present": [1]}
    return [_value(name, shape) for name, shape in shapes.items()]


def _nothing_read() -> onnx.NodeProto:
    return helper.make_node("ConstantOfShape", ["one_face"], ["present"])


def _outputs() -> list[onnx.ValueInfoProto]:
    return [_value("actions", [len(ACTIONS)]), _value("cam_from_head", [3, 3])]


def _value(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["faces", *shape])


def _constants() -> list[onnx.TensorProto]:
    values = {
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
    return [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]


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
