# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the image encoder: `python -m model_server.learning.encoder.train`.

Uses a GPU when there is one, goes on from its checkpoint, and may be stopped at any time.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch

from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.config import EncoderConfig
from model_server.learning.encoder.crop_encoder import Encoded
from model_server.learning.encoder.dataset import (
    Answers,
    Crops,
    Shard,
    batches,
    crops_of,
    mirrored,
)
from model_server.learning.encoder.dataset import (
    load as load_shard,
)
from model_server.learning.encoder.encoder import Encoder
from model_server.learning.encoder.losses import Weights, losses, part_overlap, total
from model_server.learning.encoder.teaching import Lessons, ahead, teach
from model_server.learning.runs import (
    Run,
    descend,
    device,
    half_precision_pays,
    load,
    save,
    start,
)
from model_server.learning.samples.picture_files import shards_with_pictures

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EncoderTraining:
    steps: int = 8000
    batch: int = 96
    learning_rate: float = 2e-3
    warm_up: int = 200
    weight_decay: float = 0.02
    average: float = 0.998
    clip: float = 1.0
    seed: int = 0
    half_precision: bool = field(default_factory=half_precision_pays)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    weights: Weights = field(default_factory=Weights)


def new_encoder(config: EncoderTraining) -> Encoder:
    torch.manual_seed(config.seed)
    return Encoder(config.encoder).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def load_encoder(path: Path) -> Encoder:
    """The averaged encoder of a checkpoint, ready to be asked."""
    saved = load(path)
    encoder = Encoder(EncoderConfig(**saved["config"]["encoder"]))
    encoder.load_state_dict(saved["averaged"])
    return encoder.eval()


def random_batch(shards: list[Shard], size: int, rng: np.random.Generator) -> tuple[Crops, Answers]:
    """A batch from one of the shards."""
    shard = shards[rng.integers(len(shards))]
    rows = rng.choice(len(shard.people), min(size, len(shard.people)), replace=False)
    batch = crops_of(shard, rows, rng)
    return mirrored(*batch) if rng.random() < 0.5 else batch


def encode(encoder: Encoder, crops: Crops) -> Encoded:
    """The encoder's answer to crops on its own device."""
    device = next(encoder.parameters()).device
    image, mask, view = (
        seen.to(device).float() / 255 for seen in (crops.image, crops.mask, crops.view)
    )
    return encoder(  # type: ignore[no-any-return]
        image.contiguous(memory_format=torch.channels_last),
        mask,
        view.contiguous(memory_format=torch.channels_last),
        crops.landmarks.to(device),
        crops.visibility.to(device),
        crops.told.to(device),
    )


def advance(
    run: Run[Encoder], batch: tuple[Crops, Answers], config: EncoderTraining
) -> dict[str, float]:
    """One step of the optimiser; the terms of the loss."""
    crops, answers = batch
    run.network.train()
    with torch.autocast(device().type, torch.bfloat16, enabled=config.half_precision):
        encoded = encode(run.network, crops)
    exact = Encoded(*(getattr(encoded, f.name).float() for f in dataclasses.fields(Encoded)))
    truth = Answers(*(getattr(answers, f.name).to(device()) for f in dataclasses.fields(Answers)))
    terms = losses(exact, truth)
    descend(run, total(terms, config.weights), config)
    return {name: term.item() for name, term in terms.items()}


@torch.no_grad()
def judged(encoder: Encoder, shard: Shard, people: int = 600) -> dict[str, float]:
    """Mean terms and overlaps on held-out people as they are."""
    encoder.eval()
    sums: dict[str, float] = defaultdict(float)
    batch_count = 0
    for crops, answers in batches(shard, 100, None):
        encoded = encode(encoder, crops)
        for name, term in losses(encoded, answers).items():
            sums[name] += term.item()
        parts, whole = part_overlap(encoded.parts, answers.parts)
        sums["part_iou"] += parts
        sums["silhouette_iou"] += whole
        batch_count += 1
        if batch_count * 100 >= people:
            break
    return {name: value / batch_count for name, value in sums.items()}


def train(
    shards: list[Shard], held_out: Shard, config: EncoderTraining, checkpoint: Path, minutes: float
) -> Run[Encoder]:
    """Train until the steps or the minutes are used up."""
    run = start(new_encoder(config), config, checkpoint)
    rng = np.random.default_rng(config.seed + run.step)
    lessons = Lessons(
        ahead(partial(random_batch, shards, config.batch, rng)),
        partial(advance, run, config=config),
        partial(judged, run.averaged, held_out),
        partial(save, run, config, checkpoint),
    )
    teach(run, lessons, config.steps, minutes)
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/train"))
    parser.add_argument("--checkpoint", type=Path, default=Path(".cache/runs/encoder.pt"))
    parser.add_argument("--steps", type=int, default=EncoderTraining.steps)
    parser.add_argument("--batch", type=int, default=EncoderTraining.batch)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    body = LandmarkModel(BodyModel())
    paths = shards_with_pictures(arguments.samples)
    held_out, *shards = [load_shard(path, body) for path in paths]
    config = dataclasses.replace(EncoderTraining(), steps=arguments.steps, batch=arguments.batch)
    log.info("%d shards", len(shards))
    train(shards, held_out, config, arguments.checkpoint, arguments.minutes)


if __name__ == "__main__":
    main()
