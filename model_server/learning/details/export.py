# SPDX-License-Identifier: GPL-3.0-or-later
"""Export the encoder of hands or of faces: `python -m model_server.learning.details.export hands`.

The graph takes crops of bytes and all of the detector's landmarks in crop sides, and tells
features, where the landmarks are in crop sides, and how sure that is.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from model_server.detail_crop import DETAIL_PX
from model_server.learning.details.encoder import DetailEncoder
from model_server.learning.details.kinds import KINDS, Kind
from model_server.learning.details.train import load_encoder
from model_server.learning.encoder.heat import places, trust_of
from model_server.learning.onnx_graph import write_graph

INPUTS: Final = ("image", "landmarks")
OUTPUTS: Final = ("features", "heat", "heat_trust")


class FromCrops(nn.Module):
    """Image (B, C, C, 3) uint8 and the detector's landmarks (B, D, 2) to what descents read."""

    def __init__(self, encoder: DetailEncoder, landmarks: tuple[int, ...]) -> None:
        super().__init__()
        self.encoder = encoder
        self.rows = list(landmarks)

    def forward(self, image: Tensor, landmarks: Tensor) -> tuple[Tensor, ...]:
        known = landmarks[:, self.rows]
        picture = image.permute(0, 3, 1, 2).float() / 255
        encoded = self.encoder(picture, known, torch.ones_like(known[..., 0]))
        where, peak = places(encoded.heat)
        return encoded.features, where, trust_of(peak)


def export(kind: Kind, checkpoint: Path, out: Path) -> float:
    """Write the graph; returns the largest difference from torch."""
    encoder = load_encoder(checkpoint, kind.contents)
    graph, inputs = FromCrops(encoder, kind.landmarks), partial(example, kind.detected)
    about = asdict(encoder.config)
    return write_graph(graph, inputs, out, inputs=INPUTS, outputs=OUTPUTS, about=about)


def example(detected: int, count: int) -> tuple[Tensor, ...]:
    """Random inputs for `count` hands or faces with so many landmarks."""
    generator = torch.Generator().manual_seed(count)
    shape = (count, DETAIL_PX, DETAIL_PX, 3)
    return (
        torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator),
        torch.rand(count, detected, 2, generator=generator),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("checkpoint", type=Path, nargs="?")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    kind = KINDS[arguments.kind]
    export(kind, arguments.checkpoint or kind.checkpoint, arguments.out or kind.asset)


if __name__ == "__main__":
    main()
