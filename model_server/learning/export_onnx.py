# SPDX-License-Identifier: GPL-3.0-or-later
"""Export the descent as one ONNX graph: `python -m model_server.learning.export_onnx CHECKPOINT`.

The graph takes what the detector says in photo pixels and gives the body in the camera frame:
virtual camera, all stages and the body's landmark model are inside. It is compared with torch
before it replaces the old file.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import asdict, fields
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from model_server.landmark_names import COCO_JOINTS
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.body.rotations import matrix_from_6d
from model_server.learning.network.descent import Descent
from model_server.learning.network.evidence import ENDS, Detection, see
from model_server.learning.network.picture import CELLS, FEATURES, PARTS, Reading, see_picture
from model_server.learning.network.state import LANDMARKS
from model_server.learning.onnx_graph import write_graph
from model_server.learning.runs import load
from model_server.learning.training.checkpoint import load_network

INPUTS: Final = tuple(field.name for part in (Detection, Reading) for field in fields(part))
OUTPUTS: Final = (
    "rotations",
    "root",
    "translation",
    "phenotypes",
    "keypoints_cam",
    "landmarks_cam",
    "energy",
)
DEFAULT_OUT: Final = Path(__file__).parents[1] / "assets" / "descent.onnx"


class FromPixels(nn.Module):
    """The whole run-time computation: detection in pixels to the body in the camera frame."""

    def __init__(self, network: Descent) -> None:
        super().__init__()
        self.network = network
        self.coco = [network.body.names.index(f"coco:{name}") for name in COCO_JOINTS]
        self.seen = LANDMARKS

    def forward(
        self,
        landmarks_px: Tensor,
        visibility: Tensor,
        world: Tensor,
        depth: Tensor,
        focal_px: Tensor,
        center_px: Tensor,
        ends: Tensor,
        ends_trust: Tensor,
        features: Tensor,
        parts: Tensor,
        crop_px: Tensor,
        heat_px: Tensor,
        heat_trust: Tensor,
        present: Tensor,
    ) -> tuple[Tensor, ...]:
        detection = Detection(
            landmarks_px, visibility, world, depth, focal_px, center_px, ends, ends_trust
        )
        reading = Reading(features, parts, crop_px, heat_px, heat_trust, present)
        evidence = see(detection)
        stages, energies = self.network(evidence, see_picture(reading, detection, evidence))
        posed = stages[-1]
        turn = evidence.cam_from_virtual
        points = (posed.landmarks + posed.translation[:, None]) @ turn.transpose(-1, -2)
        return (
            posed.rotations[:, 1:],
            turn @ posed.rotations[:, 0],
            (turn @ posed.translation[..., None]).squeeze(-1),
            posed.phenotypes,
            points[:, self.coco],
            points[:, : self.seen],
            energies[-1],
        )


def export(checkpoint: Path, out: Path) -> float:
    """Write the graph; returns the largest difference from torch."""
    network = load_network(checkpoint)
    about = {
        "pose_bones": POSE_BONES[1:],
        "phenotypes": network.body.phenotypes.names,
        "rig": "anny",
        "network": asdict(network.config),
        "steps": load(checkpoint)["step"],
    }
    graph = FromPixels(network)
    return write_graph(graph, example, out, inputs=INPUTS, outputs=OUTPUTS, about=about)


def example(count: int) -> tuple[Tensor, ...]:
    """Plausible random inputs for `count` people."""
    generator = torch.Generator().manual_seed(count)

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator)

    return (
        normal(33, 2) * 60 + 300,
        torch.sigmoid(normal(33)),
        normal(33, 3) * 0.3,
        normal(33) * 40,
        normal().abs() * 100 + 700,
        torch.full((count, 2), 320.0),
        matrix_from_6d(normal(len(ENDS), 6)),
        torch.sigmoid(normal(len(ENDS))),
        normal(FEATURES),
        torch.sigmoid(3 * normal(PARTS, CELLS, CELLS) - 3),
        torch.tensor([150.0, 120.0, 300.0]).repeat(count, 1),
        normal(33, 2) * 60 + 300,
        torch.sigmoid(normal(33)),
        torch.ones(count, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", default=Path(".cache/runs/hund.pt"))
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    export(arguments.checkpoint, arguments.out)


if __name__ == "__main__":
    main()
