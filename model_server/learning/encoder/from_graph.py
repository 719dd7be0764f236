# SPDX-License-Identifier: GPL-3.0-or-later
"""Go on from the weights that ship: `python -m model_server.learning.encoder.from_graph`.

Writes the encoder that an exported graph holds as a checkpoint.

The exporter multiplies normalisations into the convolutions before them. Here they come back as
normalisations that scale nothing; the guess, which serves training only, begins anew.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from model_server.learning.encoder.config import EncoderConfig, EncoderTraining
from model_server.learning.encoder.dataset import Crops
from model_server.learning.encoder.encode import encode
from model_server.learning.encoder.encoder import Encoder
from model_server.learning.encoder.export import DEFAULT_OUT
from model_server.learning.onnx_graph import about_graph, weights_in
from model_server.learning.runs import save, start

_FOLDED: Final = ".weight_bias"  # what the exporter calls the bias of a multiplied convolution
_UNLEARNED: Final = ("guess.",)


def encoder_in(graph: Path) -> Encoder:
    """The encoder of a graph, ready to be asked. ValueError for a graph of another kind."""
    found = weights_in(graph, "encoder.")
    encoder = Encoder(EncoderConfig(**about_graph(graph)))
    known = encoder.state_dict()
    restored = {name: found[name] for name in known.keys() & found.keys()}
    for convolution, normalisation in _pairs(encoder):
        if (bias := found.get(convolution + _FOLDED)) is not None:
            norm = encoder.get_submodule(normalisation)
            assert isinstance(norm, nn.BatchNorm2d)
            restored |= _scaling_nothing(normalisation, bias, norm.eps)
    missing = {name for name in known.keys() - restored.keys() if not name.startswith(_UNLEARNED)}
    if missing:
        raise ValueError(f"{graph} lacks {', '.join(sorted(missing))}: another kind of network.")
    encoder.load_state_dict(known | restored)
    return encoder.eval()


def _pairs(encoder: Encoder) -> list[tuple[str, str]]:
    """Names of convolutions and of the normalisations behind them."""
    convolutions = [name for name, part in encoder.named_modules() if isinstance(part, nn.Conv2d)]
    norms = [name for name, part in encoder.named_modules() if isinstance(part, nn.BatchNorm2d)]
    without_bias = [name for name in convolutions if encoder.get_submodule(name).bias is None]
    return list(zip(without_bias, norms, strict=True))


def _scaling_nothing(name: str, bias: Tensor, eps: float) -> dict[str, Tensor]:
    """The state of a normalisation that only adds the bias (C,)."""
    return {
        f"{name}.weight": torch.ones_like(bias),
        f"{name}.bias": bias,
        f"{name}.running_mean": torch.zeros_like(bias),
        f"{name}.running_var": torch.full_like(bias, 1 - eps),
        f"{name}.num_batches_tracked": torch.tensor(1),
    }


@torch.no_grad()
def normalise_again(encoder: Encoder, crops: Crops) -> None:
    """Let normalisations scale, and say the same, where they see crops like these: what scales
    nothing would do so when it learns.
    """
    norms = [part for part in encoder.modules() if isinstance(part, nn.BatchNorm2d)]
    hooks = [norm.register_forward_pre_hook(_scaled) for norm in norms]
    encode(encoder.eval(), crops)
    for hook in hooks:
        hook.remove()


def _scaled(norm: nn.Module, inputs: tuple[Tensor]) -> None:
    assert isinstance(norm, nn.BatchNorm2d)
    variance, mean = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    norm.bias.add_(scale * (mean - norm.running_mean))
    norm.weight.copy_(scale * (variance + norm.eps).sqrt())
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graph", type=Path, nargs="?", default=DEFAULT_OUT)
    parser.add_argument("--checkpoint", type=Path, default=Path(".cache/runs/encoder.pt"))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if arguments.checkpoint.exists():
        parser.error(f"{arguments.checkpoint} exists; move it away to begin with the graph.")
    encoder = encoder_in(arguments.graph)
    config = EncoderTraining(encoder=encoder.config)
    save(start(encoder, config, arguments.checkpoint), config, arguments.checkpoint)


if __name__ == "__main__":
    main()
