# SPDX-License-Identifier: GPL-3.0-or-later
"""Small ONNX graphs that stand where networks do in tests, and answer what is known beforehand."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from model_server.session import CONFIG_KEY

Shapes = Mapping[str, Sequence[int]]  # by name, without the batch


def write_tiny_graph(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    *,
    inputs: Shapes,
    outputs: Shapes,
    constants: Mapping[str, Any],
    of_bytes: Collection[str] = (),
    config: Mapping[str, Any] | None = None,
) -> Path:
    """Save at `path` what the nodes compute, batch first and in single precision but for the
    inputs `of_bytes`; return it.
    """
    fixed = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    values = _values(inputs, of_bytes), _values(outputs)
    graph = helper.make_graph(list(nodes), "tiny", *values, fixed)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if config is not None:
        helper.set_model_props(model, {CONFIG_KEY: json.dumps(config)})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def _values(shapes: Shapes, of_bytes: Collection[str] = ()) -> list[onnx.ValueInfoProto]:
    kinds = {name: TensorProto.UINT8 if name in of_bytes else TensorProto.FLOAT for name in shapes}
    return [
        helper.make_tensor_value_info(name, kinds[name], ["batch", *shape])
        for name, shape in shapes.items()
    ]
