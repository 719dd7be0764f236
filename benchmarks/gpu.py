# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks on a CUDA GPU beside the CPU: `python -m benchmarks.gpu`.

How far their answers are apart, relative to the size of each output, and people a second at
batches of 1, 8 and 32. With TF32, which rounds products to ten bits, and without.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from torch import Tensor

from model_server.execution import CPU, CUDA, EXACT
from model_server.learning import export_onnx
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder import export as encoder
from model_server.learning.faces import export as faces
from model_server.learning.hands import export_onnx as hands
from model_server.learning.network.config import NetworkConfig

BATCHES: Final = (1, 8, 32)
LEAST_S: Final = 0.7  # of running, for each speed
Feed = dict[str, np.ndarray]


def networks() -> dict[str, tuple[Path, Callable[[int], Feed]]]:
    """Each graph that ships, and what it may be asked about so many people."""
    descent = partial(
        export_onnx.example, body=LandmarkModel(BodyModel()), memory=NetworkConfig().memory
    )
    return {
        "encoder": (encoder.DEFAULT_OUT, partial(feed, encoder.INPUTS, encoder.example)),
        "descent": (export_onnx.DEFAULT_OUT, partial(feed, export_onnx.INPUTS, descent)),
        "hands": (hands.DEFAULT_OUT, partial(feed, hands.INPUTS, hands.example)),
        "face": (faces.DEFAULT_OUT, partial(feed, faces.INPUTS, faces.example)),
    }


def feed(names: tuple[str, ...], example: Callable[[int], tuple[Tensor, ...]], count: int) -> Feed:
    values = (value.numpy() for value in example(count))
    return dict(zip(names, values, strict=True))


def on(path: Path, provider: Any) -> Any:
    """A session on this provider, or the error that says why there is none."""
    providers = [CPU] if provider == CPU else [provider, CPU]
    return onnxruntime.InferenceSession(str(path), providers=providers, enable_fallback=0)


def apart(one: Any, other: Any, given: Feed) -> tuple[float, float]:
    """The largest relative difference of all outputs of anybody, and that of the median person."""
    each = []
    for a, b in zip(one.run(None, given), other.run(None, given), strict=True):
        scale = max(1.0, float(np.abs(a).max()))
        each.append(np.abs(a - b).reshape(len(a), -1).max(1) / scale)
    worst = np.max(each, axis=0)
    return float(worst.max()), float(np.median(worst))


def people_a_second(session: Any, given: Feed, count: int) -> float:
    """Of a warm session, by the median run."""
    for _ in range(3):
        session.run(None, given)
    took, began = [], time.perf_counter()
    while time.perf_counter() - began < LEAST_S or len(took) < 3:
        start = time.perf_counter()
        session.run(None, given)
        took.append(time.perf_counter() - start)
    return count / statistics.median(took)


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    onnxruntime.preload_dlls()
    if CUDA not in onnxruntime.get_available_providers():
        raise SystemExit("There is no CUDA here: install requirements/locked/nvidia.txt.")
    print("| network | device | largest difference | of the median person | 1 | 8 | 32 |")
    print("|---|---|---|---|---|---|---|")
    providers = {
        "CPU": CPU,
        "CUDA": (CUDA, EXACT),
        "CUDA, TF32": (CUDA, {"use_tf32": "1"}),
    }
    for name, (path, given) in networks().items():
        reference = on(path, CPU)
        asked = [one.name for one in reference.get_inputs()]  # what never counts is left out
        feeds = [{name: full[name] for name in asked} for full in map(given, BATCHES)]
        for device, provider in providers.items():
            session = on(path, provider)
            worst, median = apart(reference, session, feeds[-1])
            speeds = [people_a_second(session, *pair) for pair in zip(feeds, BATCHES, strict=True)]
            row = (name, device, f"{worst:.1e}", f"{median:.1e}", *(f"{s:.0f}" for s in speeds))
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
