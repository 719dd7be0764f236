# SPDX-License-Identifier: GPL-3.0-or-later
"""A TensorFlow Lite network as a torch module, so that it can be looked into, taught further and
exported with others.

Knows the operations that convolutional networks of mediapipe's wheel are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from mediapipe.tasks.metadata import schema_py_generated as schema
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, max_pool2d, pad

SAME: Final = 0  # of the schema's paddings
_NAMES: Final = {
    number: name for name, number in vars(schema.BuiltinOperator).items() if name.isupper()
}
_TYPES: Final = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.FLOAT16: np.float16}
_ACTIVATIONS: Final[dict[int, Callable[[Tensor], Tensor]]] = {
    0: lambda x: x,
    1: torch.relu,
    3: lambda x: x.clamp(0, 6),  # "relu6"
}


@dataclass(frozen=True)
class Operation:
    """One node of the graph; tensors go by their numbers in the file."""

    name: str
    inputs: tuple[int, ...]  # those that are computed
    weights: tuple[int, ...]  # those that are stored
    output: int
    options: Any


class TfliteNetwork(nn.Module):
    """Image (B, 3, H, W) → some activations of the network, (B, C, h, w) each."""

    def __init__(self, content: bytes, outputs: Sequence[int]) -> None:
        """`outputs`: the numbers of the tensors that are wanted; only what they need is kept."""
        super().__init__()
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
        (graph,) = model.subgraphs
        self.outputs = tuple(outputs)
        self.input = int(graph.inputs[0])
        stored = _stored(model, graph)
        self.operations = _needed(_operations(model, graph, stored), self.outputs)
        self.weights = nn.ParameterDict()
        self.numbers: dict[int, list[int]] = {}  # paddings and sizes, which are no weights
        for operation in self.operations:
            for number in operation.weights:
                self._keep(number, stored[number], operation)

    def _keep(self, number: int, values: np.ndarray, operation: Operation) -> None:
        if values.dtype == np.int32:
            self.numbers[number] = values.flatten().tolist()
        elif values.ndim == 4:
            # One row for each output channel: (O, H, W, I), or (1, H, W, C) where depthwise.
            order = (3, 0, 1, 2) if operation.name == "DEPTHWISE_CONV_2D" else (0, 3, 1, 2)
            kernel = torch.from_numpy(values.astype(np.float32)).permute(order).contiguous()
            self.weights[str(number)] = nn.Parameter(kernel)
        else:
            self.weights[str(number)] = nn.Parameter(torch.from_numpy(values.astype(np.float32)))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        values = {self.input: image}
        for operation in self.operations:
            given = [values[number] for number in operation.inputs]
            values[operation.output] = self._run(operation, given)
        return tuple(values[number] for number in self.outputs)

    def _run(self, operation: Operation, given: list[Tensor]) -> Tensor:
        match operation.name:
            case "CONV_2D" | "DEPTHWISE_CONV_2D":
                return self._convolved(operation, *given)
            case "ADD":
                first, second = given
                return _activated(first + second, operation)
            case "PAD":
                _, _, top, bottom, left, right, _, _ = self.numbers[operation.weights[0]]
                return pad(given[0], (left, right, top, bottom))
            case "MAX_POOL_2D":
                options = operation.options
                return max_pool2d(
                    given[0],
                    (options.filterHeight, options.filterWidth),
                    (options.strideH, options.strideW),
                )
            case "RESIZE_BILINEAR":
                height, width = self.numbers[operation.weights[0]]
                return interpolate(given[0], (height, width), mode="bilinear")
        raise NotImplementedError(f"{operation.name} is not among the operations known here")

    def _convolved(self, operation: Operation, image: Tensor) -> Tensor:
        kernel, bias = (self.weights[str(number)] for number in operation.weights)
        options = operation.options
        stride = (options.strideH, options.strideW)
        margin = (0, 0)
        if options.padding == SAME:
            left, right, top, bottom = _around(image.shape[2:], kernel.shape[2:], stride)
            if (left, top) == (right, bottom):
                margin = (top, left)  # far faster than padding first
            else:
                image = pad(image, (left, right, top, bottom))
        groups = image.shape[1] if operation.name == "DEPTHWISE_CONV_2D" else 1
        return _activated(conv2d(image, kernel, bias, stride, margin, groups=groups), operation)


def _activated(x: Tensor, operation: Operation) -> Tensor:
    return _ACTIVATIONS[operation.options.fusedActivationFunction](x)


def _around(
    image: Sequence[int], kernel: Sequence[int], stride: Sequence[int]
) -> tuple[int, int, int, int]:
    """Padding (left, right, top, bottom) of what TensorFlow calls SAME: more on the far sides where
    it is odd.
    """
    sides: list[int] = []
    for size, reach, step in reversed(list(zip(image, kernel, stride, strict=True))):
        lacking = max((-(-size // step) - 1) * step + reach - size, 0)
        sides += [lacking // 2, lacking - lacking // 2]
    left, right, top, bottom = sides
    return left, right, top, bottom


def _stored(model: Any, graph: Any) -> dict[int, np.ndarray]:
    """All constants of a graph by number, those behind a conversion from half precision too."""
    stored: dict[int, np.ndarray] = {}
    for number, tensor in enumerate(graph.tensors):
        data = model.buffers[tensor.buffer].data
        if data is not None and len(data):
            kind = _TYPES.get(tensor.type, np.int32)
            shape = [int(size) for size in tensor.shape]
            stored[number] = np.frombuffer(bytes(data), kind).reshape(shape)
    for operator in graph.operators:
        if _name(model, operator) == "DEQUANTIZE":
            stored[int(operator.outputs[0])] = stored[int(operator.inputs[0])]
    return stored


def _operations(model: Any, graph: Any, stored: dict[int, np.ndarray]) -> list[Operation]:
    operations = []
    for operator in graph.operators:
        inputs = [int(number) for number in operator.inputs]
        operations.append(
            Operation(
                _name(model, operator),
                tuple(number for number in inputs if number not in stored),
                tuple(number for number in inputs if number in stored),
                int(operator.outputs[0]),
                operator.builtinOptions,
            )
        )
    return operations


def _needed(operations: Sequence[Operation], outputs: Sequence[int]) -> list[Operation]:
    """Those that the outputs depend on, in order."""
    wanted, kept = set(outputs), []
    for operation in reversed(operations):
        if operation.output in wanted and operation.inputs:
            kept.append(operation)
            wanted.update(operation.inputs)
    return kept[::-1]


def _name(model: Any, operator: Any) -> str:
    code = model.operatorCodes[operator.opcodeIndex]
    return _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
