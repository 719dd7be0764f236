# SPDX-License-Identifier: GPL-3.0-or-later
"""Export the descent of hands: `python -m model_server.learning.hands.export_onnx CHECKPOINT`.

The graph takes what the detector says of left (or mirrored) hands in photo pixels and gives their
fingers and how their palms are turned in the camera. It is compared with torch before it replaces
the old file.
"""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from model_server.learning.export_onnx import PARITY, forget_origins
from model_server.learning.hands.articulation import BONES
from model_server.learning.hands.evidence import Detection, see
from model_server.learning.hands.network import HandDescent
from model_server.learning.hands.train import load, load_network

INPUTS: Final = ("landmarks_px", "world", "confidence", "focal_px", "center_px")
OUTPUTS: Final = ("fingers", "palm")
DEFAULT_OUT: Final = Path(__file__).parents[2] / "assets" / "hands.onnx"
log = logging.getLogger(__name__)


class FromPixels(nn.Module):
    """The whole run-time computation."""

    def __init__(self, network: HandDescent) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        landmarks_px: Tensor,
        world: Tensor,
        confidence: Tensor,
        focal_px: Tensor,
        center_px: Tensor,
    ) -> tuple[Tensor, Tensor]:
        evidence = see(Detection(landmarks_px, world, confidence, focal_px, center_px))
        hand = self.network(evidence)[-1]
        return hand.fingers, evidence.cam_from_virtual @ hand.palm


def export(network: HandDescent, steps: int, out: Path) -> float:
    """Write the graph; returns the largest difference from torch, which is below `PARITY`."""
    graph = FromPixels(network).eval()
    partial = out.with_suffix(".partial.onnx")
    torch.onnx.export(
        graph,
        example(3),
        str(partial),
        input_names=list(INPUTS),
        output_names=list(OUTPUTS),
        dynamic_shapes=tuple({0: torch.export.Dim.DYNAMIC} for _ in INPUTS),
        opset_version=18,
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    model = onnx.load(str(partial))
    forget_origins(model)
    config = {
        "bones": [bone.removesuffix(".L") for bone in BONES],
        "network": asdict(network.config),
        "steps": steps,
    }
    onnx.helper.set_model_props(model, {"hund": json.dumps(config)})
    onnx.save(model, str(partial))
    difference = parity(graph, partial)
    if difference > PARITY:
        raise RuntimeError(
            f"The graph differs from torch by {difference:.2e}, more than {PARITY:.0e}."
        )
    partial.replace(out)
    return difference


def example(count: int) -> tuple[Tensor, ...]:
    """Plausible random inputs for `count` hands."""
    generator = torch.Generator().manual_seed(count)

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator)

    return (
        normal(21, 2) * 40 + normal(1, 2) * 100 + 300,
        normal(21, 3) * 0.05,
        torch.sigmoid(normal()),
        normal().abs() * 100 + 700,
        torch.full((count, 2), 320.0),
    )


@torch.no_grad()
def parity(graph: FromPixels, path: Path) -> float:
    """Largest difference over all outputs, which are rotations, between torch and ONNX Runtime."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for count in (1, 2, 16):
        inputs = example(count)
        feed = {name: value.numpy() for name, value in zip(INPUTS, inputs, strict=True)}
        for mine, theirs in zip(graph(*inputs), session.run(None, feed), strict=True):
            worst = max(worst, float(np.abs(mine.numpy() - theirs).max()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", default=Path(".cache/runs/hands.pt"))
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    steps = int(load(arguments.checkpoint)["step"])
    difference = export(load_network(arguments.checkpoint), steps, arguments.out)
    size = arguments.out.stat().st_size / 1e6
    log.info("%s: %.1f MB, differs from torch by %.1e", arguments.out, size, difference)


if __name__ == "__main__":
    main()
