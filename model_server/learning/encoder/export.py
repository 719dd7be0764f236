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
from torch.nn.functional import avg_pool2d, interpolate

from model_server.learning.encoder.config import MAP_PX
from model_server.learning.encoder.encoder import Encoder, load_encoder
from model_server.learning.encoder.heat import places, trust_of
from model_server.learning.encoder.insight import packed
from model_server.learning.network.picture import CELLS
from model_server.learning.onnx_graph import write_graph
from model_server.person_crop import CROP_PX, VIEW_PX

INPUTS: Final = ("image", "mask", "view", "landmarks", "visibility")
OUTPUTS: Final = ("features", "parts", "heat", "heat_trust")
INSIGHT: Final = "insight"
DEFAULT_OUT: Final = Path(__file__).parents[2] / "assets" / "encoder.onnx"


class FromCrops(nn.Module):
    """Crops of bytes to what the descent reads in them; places in crop sides. With insight, what
    the features are made of comes out, too.
    """

    def __init__(self, encoder: Encoder, *, insight: bool = False) -> None:
        super().__init__()
        self.encoder = encoder
        self.insight = insight

    def forward(
        self, image: Tensor, mask: Tensor, view: Tensor, landmarks: Tensor, visibility: Tensor
    ) -> tuple[Tensor, ...]:
        image, view = (picture.permute(0, 3, 1, 2).float() / 255 for picture in (image, view))
        heat, parts, insight = self.encoder.gain_insight(
            image, mask[:, None].float() / 255, view, landmarks, visibility
        )
        where, peak = places(heat)
        shares = avg_pool2d(parts.softmax(1)[:, 1:], MAP_PX // CELLS)
        answers = (self.encoder.features_of(insight), shares, where, trust_of(peak))
        return (*answers, packed(insight)) if self.insight else answers


def export(checkpoint: Path, out: Path, *, insight: bool = False) -> float:
    """Write the graph; returns the largest difference from torch."""
    encoder = load_encoder(checkpoint)
    encoder.trunk.half().float()  # as fine as in the wheel, also where it was taught further
    graph = FromCrops(encoder, insight=insight)
    about = asdict(graph.encoder.config)
    outputs = (*OUTPUTS, INSIGHT) if insight else OUTPUTS
    return write_graph(graph, example, out, inputs=INPUTS, outputs=outputs, about=about)


def example(count: int) -> tuple[Tensor, ...]:
    """Random inputs for `count` people; pictures are smooth, since noise drives the detector's
    layers to where nothing is exact.
    """
    generator = torch.Generator().manual_seed(count)

    def picture(side: int) -> Tensor:
        blots = 255 * torch.rand(count, 3, 8, 8, generator=generator)
        smooth = interpolate(blots, (side, side), mode="bicubic").clamp(0, 255)
        return smooth.permute(0, 2, 3, 1).to(torch.uint8).contiguous()

    return (
        picture(CROP_PX),
        torch.randint(0, 256, (count, CROP_PX, CROP_PX), dtype=torch.uint8, generator=generator),
        picture(VIEW_PX),
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
