# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a network as an ONNX graph that says what it is and answers as torch does."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

PARITY: Final = 1e-4  # largest difference from torch, relative to an output's size
BATCHES: Final = (1, 3, 16)
LARGE: Final = 256  # values of a weight that is worth the trouble
HALVED: Final = "_half"  # ends the names of weights in half precision
ABOUT: Final = "hund"  # the key of what the graph says of itself
log = logging.getLogger(__name__)

Example = Callable[[int], tuple[Tensor, ...]]  # plausible random inputs for so many people


def write_graph(
    graph: nn.Module,
    example: Example,
    out: Path,
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    about: dict[str, Any],
) -> float:
    """Write the graph, batch first in every input and output; returns the largest difference from
    torch. The old file stays where that is above `PARITY`.
    """
    partial = out.with_suffix(".partial.onnx")
    torch.onnx.export(
        graph.eval(),
        example(3),
        str(partial),
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_shapes=tuple({0: torch.export.Dim.DYNAMIC} for _ in inputs),
        opset_version=18,
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    model = onnx.load(str(partial))
    forget_origins(model)
    halve(model)
    onnx.helper.set_model_props(model, {ABOUT: json.dumps(about)})
    onnx.save(model, str(partial))
    difference = parity(graph, example, partial, inputs)
    if difference > PARITY:
        raise RuntimeError(
            f"The graph differs from torch by {difference:.2e}, more than {PARITY:.0e}."
        )
    partial.replace(out)
    size = out.stat().st_size / 1e6
    log.info("%s: %.1f MB, differs from torch by %.1e", out, size, difference)
    return difference


def halve(model: onnx.ModelProto) -> None:
    """Keep large weights that are exact in half precision so, as layers of mediapipe's wheel are;
    ONNX Runtime makes them single precision again when it loads them.
    """
    casts = []
    for weight in model.graph.initializer:
        values = onnx.numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < LARGE:
            continue
        half = values.astype(np.float16)
        if np.array_equal(half.astype(np.float32), values):
            name, stored = weight.name, weight.name + HALVED
            weight.CopyFrom(onnx.numpy_helper.from_array(half, stored))
            casts.append(onnx.helper.make_node("Cast", [stored], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def about_graph(path: Path) -> dict[str, Any]:
    """What a written graph says of itself; lists in it are tuples again."""
    (said,) = [p.value for p in onnx.load(str(path)).metadata_props if p.key == ABOUT]
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(said).items()
    }


def weights_in(path: Path, prefix: str) -> dict[str, Tensor]:
    """The weights that a written graph holds below a prefix, which is cut off."""
    found: dict[str, Tensor] = {}
    for weight in onnx.load(str(path)).graph.initializer:
        if weight.name.startswith(prefix):
            name = weight.name.removeprefix(prefix).removesuffix(HALVED)
            values = torch.from_numpy(onnx.numpy_helper.to_array(weight).copy())
            found[name] = values.float() if weight.name.endswith(HALVED) else values
    return found


def forget_origins(model: onnx.ModelProto) -> None:
    """Drop what the exporter notes of its own source lines."""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]


@torch.no_grad()
def parity(graph: nn.Module, example: Example, path: Path, inputs: Sequence[str]) -> float:
    """Largest relative difference over all outputs between torch and ONNX Runtime."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for count in BATCHES:
        given = example(count)
        feed = {name: value.numpy() for name, value in zip(inputs, given, strict=True)}
        for mine, theirs in zip(graph(*given), session.run(None, feed), strict=True):
            scale = np.abs(mine.numpy()).max(initial=1.0)  # some methods have no memory
            worst = max(worst, float(np.abs(mine.numpy() - theirs).max(initial=0.0) / scale))
    return worst
