# SPDX-License-Identifier: GPL-3.0-or-later
"""Export the descent as one ONNX graph: `python -m model_server.learning.export_onnx CHECKPOINT`.

The graph takes what the detector says in photo pixels and gives the body in the camera frame:
virtual camera, all stages and the body's landmark model are inside. It is compared with torch
before it replaces the old file.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from model_server.landmark_names import COCO_JOINTS, HIPS
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.body.rotations import matrix_from_6d
from model_server.learning.network.descent import Descent
from model_server.learning.network.evidence import ENDS, Detection, see
from model_server.learning.network.picture import CELLS, FEATURES, PARTS, Reading, see_picture
from model_server.learning.network.start import Before, start_of
from model_server.learning.network.state import JOINTS, LANDMARKS, PHENOTYPES
from model_server.learning.onnx_graph import write_graph
from model_server.learning.runs import load
from model_server.learning.training.checkpoint import load_network

INPUTS: Final = tuple(field.name for part in (Detection, Reading, Before) for field in fields(part))
OUTPUTS: Final = (
    "rotations",
    "root",
    "translation",
    "phenotypes",
    "keypoints_cam",
    "landmarks_cam",
    "energy",
    "memory",
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
        start_rotations: Tensor,
        start_root: Tensor,
        start_translation: Tensor,
        start_phenotypes: Tensor,
        start_memory: Tensor,
        start_there: Tensor,
        start_body: Tensor,
    ) -> tuple[Tensor, ...]:
        detection = Detection(
            landmarks_px, visibility, world, depth, focal_px, center_px, ends, ends_trust
        )
        reading = Reading(features, parts, crop_px, heat_px, heat_trust, present)
        before = Before(
            start_rotations,
            start_root,
            start_translation,
            start_phenotypes,
            start_memory,
            start_there,
            start_body,
        )
        evidence = see(detection)
        places, memory = self.network.descend(
            evidence,
            see_picture(reading, detection, evidence),
            start=start_of(before, evidence),
        )
        posed = places[-1].posed
        turn = evidence.cam_from_virtual
        points = (posed.landmarks + posed.translation[:, None]) @ turn.transpose(-1, -2)
        return (
            posed.rotations[:, 1:],
            turn @ posed.rotations[:, 0],
            (turn @ posed.translation[..., None]).squeeze(-1),
            posed.phenotypes,
            points[:, self.coco],
            points[:, : self.seen],
            places[-1].energy,
            memory,
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
    some = partial(example, body=network.body, memory=network.config.memory)
    graph = FromPixels(network)
    return write_graph(graph, some, out, inputs=INPUTS, outputs=OUTPUTS, about=about)


def example(count: int, body: LandmarkModel, memory: int) -> tuple[Tensor, ...]:
    """Plausible random inputs for `count` people: bodies that stand about before the camera, seen a
    little wrongly. Of points that nobody could have, torch and the graph may choose other steps.
    """
    generator = torch.Generator().manual_seed(count)

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator)

    focal, center = normal().abs() * 100 + 700, torch.full((count, 2), 320.0)
    turns = torch.cat([_facing(normal)[:, None], _bent(normal)], 1)
    points = body(torch.sigmoid(normal(PHENOTYPES)), turns)[0][:, :LANDMARKS]
    depth = points[..., 2] - points[:, HIPS, 2].mean(1, keepdim=True)
    points = points + _place(normal)[:, None]
    px = focal[:, None, None] * points[..., :2] / points[..., 2:] + center[:, None]
    return (
        px + 2 * normal(LANDMARKS, 2),
        torch.sigmoid(normal(LANDMARKS)),
        points - points[:, HIPS].mean(1, keepdim=True) + 0.03 * normal(LANDMARKS, 3),
        depth * focal[:, None] / points[..., 2].mean(1, keepdim=True),
        focal,
        center,
        matrix_from_6d(normal(len(ENDS), 6)),
        torch.sigmoid(normal(len(ENDS))),
        normal(FEATURES),
        torch.sigmoid(3 * normal(PARTS, CELLS, CELLS) - 3),
        torch.tensor([150.0, 120.0, 300.0]).repeat(count, 1),
        px + 4 * normal(LANDMARKS, 2),
        torch.sigmoid(normal(LANDMARKS)),
        torch.ones(count, 1),
        *_before(count, memory, normal),
    )


def _bent(normal: Callable[..., Tensor]) -> Tensor:
    """Turns of bones relative to their parents, a little away from rest."""
    return matrix_from_6d(torch.eye(3)[:2].flatten() + 0.2 * normal(JOINTS - 1, 6))


def _facing(normal: Callable[..., Tensor]) -> Tensor:
    """Roots that stand before the camera."""
    return matrix_from_6d(torch.tensor([1.0, 0, 0, 0, 0, 1]) + 0.2 * normal(6))


def _place(normal: Callable[..., Tensor]) -> Tensor:
    return normal(3) * 0.3 + torch.tensor([0.0, 0, 4])


def _before(count: int, memory: int, normal: Callable[..., Tensor]) -> tuple[Tensor, ...]:
    """Where people were in the frame before: every other one, and one in three of known body."""
    number = torch.arange(count)[:, None]
    return (
        _bent(normal),
        _facing(normal),
        _place(normal),
        torch.sigmoid(normal(PHENOTYPES)),
        0.3 * normal(memory),
        (number % 2).float(),
        (number % 3 == 1).float(),
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
