# SPDX-License-Identifier: GPL-3.0-or-later
"""Export the image encoder to ONNX: `python -m model_server.learning.encoder.export`."""

from __future__ import annotations

import argparse
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from model_server.learning.encoder.encoder import Encoder
from model_server.learning.encoder.read import reading_of
from model_server.learning.encoder.train import load_encoder
from model_server.learning.onnx_graph import write_graph
from model_server.person_crop import CROP_PX

INPUTS: Final = ("image", "mask", "landmarks", "visibility")
OUTPUTS: Final = ("features", "parts", "heat", "heat_trust")
DEFAULT_OUT: Final = Path(__file__).parents[2] / "assets" / "encoder.onnx"


class FromCrops(nn.Module):
    """Crops of bytes to what the descent reads in them; places in crop sides."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(
        self, image: Tensor, mask: Tensor, landmarks: Tensor, visibility: Tensor
    ) -> tuple[Tensor, ...]:
        picture = image.permute(0, 3, 1, 2).float() / 255
        encoded = self.encoder(picture, mask[:, None].float() / 255, landmarks, visibility)
        unit = torch.tensor([0.0, 0.0, 1.0]).expand(len(image), 3)
        reading = reading_of(encoded, unit)
        return reading.features, reading.parts, reading.heat_px, reading.heat_trust


def export(checkpoint: Path, out: Path) -> float:
    """Write the graph; returns the largest difference from torch."""
    graph = FromCrops(load_encoder(checkpoint))
    about = asdict(graph.encoder.config)
    return write_graph(graph, example, out, inputs=INPUTS, outputs=OUTPUTS, about=about)


def example(count: int) -> tuple[Tensor, ...]:
    """Random inputs for `count` people."""
    generator = torch.Generator().manual_seed(count)
    return (
        torch.randint(0, 256, (count, CROP_PX, CROP_PX, 3), dtype=torch.uint8, generator=generator),
        torch.randint(0, 256, (count, CROP_PX, CROP_PX), dtype=torch.uint8, generator=generator),
        torch.rand(count, 33, 2, generator=generator),
        torch.rand(count, 33, generator=generator),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", default=Path(".cache/runs/encoder.pt"))
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    export(arguments.checkpoint, arguments.out)


if __name__ == "__main__":
    main()
