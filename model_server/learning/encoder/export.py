# SPDX-License-Identifier: GPL-3.0-or-later
"""Export the image encoder to ONNX: `python -m model_server.learning.encoder.export`."""

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

from model_server.learning.encoder.encoder import Encoder
from model_server.learning.encoder.read import reading_of
from model_server.learning.encoder.train import load_encoder
from model_server.learning.export_onnx import PARITY, forget_origins
from model_server.person_crop import CROP_PX

INPUTS: Final = ("image", "mask", "landmarks", "visibility")
OUTPUTS: Final = ("features", "parts", "heat", "heat_trust")
DEFAULT_OUT: Final = Path(__file__).parents[2] / "assets" / "encoder.onnx"
log = logging.getLogger(__name__)


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
    """Write the graph; returns the largest difference from torch, which is below `PARITY`."""
    graph = FromCrops(load_encoder(checkpoint)).eval()
    partial = out.with_suffix(".partial.onnx")
    torch.onnx.export(
        graph,
        example(2),
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
    onnx.helper.set_model_props(model, {"hund": json.dumps(asdict(graph.encoder.config))})
    onnx.save(model, str(partial))
    difference = parity(graph, partial)
    if difference > PARITY:
        raise RuntimeError(
            f"The graph differs from torch by {difference:.2e}, more than {PARITY:.0e}."
        )
    partial.replace(out)
    return difference


def example(count: int) -> tuple[Tensor, ...]:
    """Random inputs for `count` people."""
    generator = torch.Generator().manual_seed(count)
    return (
        torch.randint(0, 256, (count, CROP_PX, CROP_PX, 3), dtype=torch.uint8, generator=generator),
        torch.randint(0, 256, (count, CROP_PX, CROP_PX), dtype=torch.uint8, generator=generator),
        torch.rand(count, 33, 2, generator=generator),
        torch.rand(count, 33, generator=generator),
    )


@torch.no_grad()
def parity(graph: FromCrops, path: Path) -> float:
    """Largest relative difference over all outputs between torch and ONNX Runtime."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for count in (1, 5):
        inputs = example(count)
        feed = {name: value.numpy() for name, value in zip(INPUTS, inputs, strict=True)}
        for mine, theirs in zip(graph(*inputs), session.run(None, feed), strict=True):
            scale = max(1.0, float(mine.abs().max()))
            worst = max(worst, float(np.abs(mine.numpy() - theirs).max()) / scale)
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", default=Path(".cache/runs/encoder.pt"))
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    difference = export(arguments.checkpoint, arguments.out)
    size = arguments.out.stat().st_size / 1e6
    log.info("%s: %.1f MB, differs from torch by %.1e", arguments.out, size, difference)


if __name__ == "__main__":
    main()
