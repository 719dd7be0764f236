# SPDX-License-Identifier: GPL-3.0-or-later
"""Export the descent of hands: `python -m model_server.learning.hands.export_onnx CHECKPOINT`.

The graph takes what the detector and the encoder say of left (or mirrored) hands in photo pixels
and gives their fingers and how their palms are turned in the camera. It is compared with torch
before it replaces the old file.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from model_server.learning.details.encoder import FEATURES
from model_server.learning.details.reading import DetailReading
from model_server.learning.hands.articulation import BONES
from model_server.learning.hands.evidence import Detection, see
from model_server.learning.hands.network import HandDescent
from model_server.learning.hands.train import load_network
from model_server.learning.onnx_graph import write_graph
from model_server.learning.runs import load

INPUTS: Final = (
    "landmarks_px",
    "world",
    "confidence",
    "focal_px",
    "center_px",
    "features",
    "heat_px",
    "heat_trust",
    "present",
)
OUTPUTS: Final = ("fingers", "palm")
DEFAULT_OUT: Final = Path(__file__).parents[2] / "assets" / "hands.onnx"


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
        features: Tensor,
        heat_px: Tensor,
        heat_trust: Tensor,
        present: Tensor,
    ) -> tuple[Tensor, Tensor]:
        detection = Detection(landmarks_px, world, confidence, focal_px, center_px)
        evidence = see(detection, DetailReading(features, heat_px, heat_trust, present))
        hand = self.network(evidence)[-1]
        return hand.fingers, evidence.cam_from_virtual @ hand.palm


def export(checkpoint: Path, out: Path) -> float:
    """Write the graph; returns the largest difference from torch."""
    network = load_network(checkpoint)
    about = {
        "bones": [bone.removesuffix(".L") for bone in BONES],
        "network": asdict(network.config),
        "steps": load(checkpoint)["step"],
    }
    graph = FromPixels(network)
    return write_graph(graph, example, out, inputs=INPUTS, outputs=OUTPUTS, about=about)


def example(count: int) -> tuple[Tensor, ...]:
    """Plausible random inputs for `count` hands."""
    generator = torch.Generator().manual_seed(count)

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator)

    px = normal(21, 2) * 40 + normal(1, 2) * 100 + 300
    return (
        px,
        normal(21, 3) * 0.05,
        torch.sigmoid(normal()),
        normal().abs() * 100 + 700,
        torch.full((count, 2), 320.0),
        normal(FEATURES),
        px + 5 * normal(21, 2),
        torch.sigmoid(normal(21)),
        torch.ones(count, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", default=Path(".cache/runs/hands.pt"))
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    export(arguments.checkpoint, arguments.out)


if __name__ == "__main__":
    main()
