# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole-body networks with the public layout that compute next to nothing: every keypoint is where
the picture is brightest, or all are where a standing person would have them.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = (64, 48)  # height and width
SPLIT = 2
KEYPOINTS = 133


def write_detector(
    path: Path,
    nodes: list[onnx.NodeProto],
    outputs: dict[str, list[int | str]],
    constants: dict[str, Any],
    *,
    shape: tuple[int | str, ...] = ("batch", 3, *SIZE),
    kind: int = TensorProto.FLOAT,
) -> Path:
    """Save a graph with one input `input` at `path`; return it."""
    graph = helper.make_graph(
        nodes,
        "detector",
        [helper.make_tensor_value_info("input", kind, list(shape))],
        [helper.make_tensor_value_info(name, kind, sides) for name, sides in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def write_finds_brightest(path: Path, *, keypoints: int = KEYPOINTS) -> Path:
    """SimCC: all keypoints where the picture is brightest."""
    node, (height, width) = helper.make_node, SIZE
    return write_detector(
        path,
        [
            node("ReduceMax", ["input"], ["columns"], axes=[1, 2], keepdims=0),
            node("ReduceMax", ["input"], ["rows"], axes=[1, 3], keepdims=0),
            *_repeated("columns", "simcc_x", width),
            *_repeated("rows", "simcc_y", height),
        ],
        {
            "simcc_x": ["batch", keypoints, SPLIT * width],
            "simcc_y": ["batch", keypoints, SPLIT * height],
        },
        {
            "copies": np.array([1, keypoints, 1], np.int64),
            "axis": np.array([1], np.int64),
            "finer": np.array([1, 1, SPLIT], np.float32),
        },
    )


def _repeated(rows: str, output: str, side: int) -> list[onnx.NodeProto]:
    """Each of (B, side) numbers SPLIT times, for every keypoint."""
    node = helper.make_node
    return [
        node("Unsqueeze", [rows, "axis"], [f"{rows}_one"]),
        node("Resize", [f"{rows}_one", "", "finer"], [f"{rows}_fine"], mode="nearest"),
        node("Tile", [f"{rows}_fine", "copies"], [output]),
    ]


def write_finds_brightest_by_maps(path: Path) -> Path:
    """Heat maps a quarter as large as the picture, the same for all keypoints."""
    node, (height, width) = helper.make_node, SIZE
    return write_detector(
        path,
        [
            node("ReduceMax", ["input"], ["grey"], axes=[1], keepdims=1),
            node("MaxPool", ["grey"], ["small"], kernel_shape=[4, 4], strides=[4, 4]),
            node("Tile", ["small", "copies"], ["heatmaps"]),
        ],
        {"heatmaps": ["batch", KEYPOINTS, height // 4, width // 4]},
        {"copies": np.array([1, KEYPOINTS, 1, 1], np.int64)},
    )


def write_finds_at(
    path: Path, places: Any, scores: Any, *, batch: int | str = "batch", half: bool = False
) -> Path:
    """SimCC: keypoints at places (133, 2), 0…1 of the crop, with scores (133,)."""
    number = np.float16 if half else np.float32
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    height, width = SIZE
    rows = {
        name: _one_hot(np.asarray(places)[:, axis], SPLIT * side, scores).astype(number)
        for name, axis, side in (("simcc_x", 0, width), ("simcc_y", 1, height))
    }
    node = helper.make_node
    return write_detector(
        path,
        [
            node("ReduceMean", ["input"], ["grey"], axes=[2, 3], keepdims=0),
            node("ReduceMean", ["grey"], ["light"], axes=[1], keepdims=1),
            node("Unsqueeze", ["light", "axis"], ["light_3"]),
            node("Mul", ["light_3", "zero"], ["nothing"]),
            *(node("Add", [f"{name}_told", "nothing"], [name]) for name in rows),
        ],
        {name: [batch, KEYPOINTS, told.shape[2]] for name, told in rows.items()},
        {
            **{f"{name}_told": told for name, told in rows.items()},
            "axis": np.array([1], np.int64),
            "zero": number(0),
        },
        shape=(batch, 3, *SIZE),
        kind=kind,
    )


def _one_hot(shares: Any, bins: int, scores: Any) -> Any:
    told = np.zeros((1, KEYPOINTS, bins))
    told[0, np.arange(KEYPOINTS), np.floor(shares * bins).astype(int).clip(0, bins - 1)] = scores
    return told
