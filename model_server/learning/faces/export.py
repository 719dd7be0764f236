# SPDX-License-Identifier: GPL-3.0-or-later
"""Export the face network as one ONNX graph: `python -m model_server.learning.faces.export`.

The graph takes all 478 points as the detector gives them and what the encoder read, in photo
pixels, and gives actions and the head's rotation in the camera. It is compared with torch before it
replaces the old file.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from model_server.learning.body.body_model import BodyModel
from model_server.learning.details.encoder import FEATURES
from model_server.learning.details.reading import DetailReading
from model_server.learning.faces.evidence import FaceDetection, see
from model_server.learning.faces.network import FaceDescent
from model_server.learning.faces.points import DETECTED, POINTS
from model_server.learning.faces.train import load_network
from model_server.learning.onnx_graph import write_graph
from model_server.learning.runs import load

INPUTS: Final = (
    "landmarks_px",
    "depth",
    "focal_px",
    "center_px",
    "features",
    "heat_px",
    "heat_trust",
    "present",
)
OUTPUTS: Final = ("actions", "cam_from_head")
DEFAULT_OUT: Final = Path(__file__).parents[2] / "assets" / "face.onnx"


class FaceFromPixels(nn.Module):
    """The whole run-time computation."""

    def __init__(self, network: FaceDescent) -> None:
        super().__init__()
        self.network = network
        self.rows = list(POINTS)

    def forward(
        self,
        landmarks_px: Tensor,
        depth: Tensor,
        focal_px: Tensor,
        center_px: Tensor,
        features: Tensor,
        heat_px: Tensor,
        heat_trust: Tensor,
        present: Tensor,
    ) -> tuple[Tensor, Tensor]:
        detection = FaceDetection(
            landmarks_px[:, self.rows], depth[:, self.rows], focal_px, center_px
        )
        evidence = see(detection, DetailReading(features, heat_px, heat_trust, present))
        posed = self.network(evidence)[-1]
        return posed.sure_actions, evidence.cam_from_virtual @ posed.rotation


def export(checkpoint: Path, out: Path, action_names: list[str]) -> float:
    """Write the graph; returns the largest difference from torch."""
    network = load_network(checkpoint)
    about = {
        "facial_actions": action_names,
        "network": asdict(network.config),
        "steps": load(checkpoint)["step"],
    }
    graph = FaceFromPixels(network)
    return write_graph(graph, example, out, inputs=INPUTS, outputs=OUTPUTS, about=about)


def example(count: int) -> tuple[Tensor, ...]:
    """Points around an ellipsoid, for `count` faces."""
    generator = torch.Generator().manual_seed(count)
    ball = torch.nn.functional.normalize(
        torch.randn(count, DETECTED, 3, generator=generator), dim=2
    )
    px = ball[..., :2] * torch.tensor([60.0, 80.0]) + 300
    focal = 700 + 100 * torch.rand(count, generator=generator)
    return (
        px,
        60 * ball[..., 2],
        focal,
        torch.full((count, 2), 320.0),
        torch.randn(count, FEATURES, generator=generator),
        px[:, list(POINTS)] + 2,
        torch.rand(count, len(POINTS), generator=generator),
        torch.ones(count, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", default=Path(".cache/runs/faces.pt"))
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    names: list[str] = BodyModel().meta["facial_action_names"]
    export(arguments.checkpoint, arguments.out, names)


if __name__ == "__main__":
    main()
