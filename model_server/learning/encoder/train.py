# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the image encoder: `python -m model_server.learning.encoder.train`.

Uses a GPU when there is one, goes on from its checkpoint, and may be stopped at any time.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model_server.learning.ahead import ahead
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.config import EncoderTraining
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
from model_server.learning.encoder.encode import encode
from model_server.learning.encoder.encoder import Encoder
from model_server.learning.encoder.from_graph import encoder_in, normalise_again
from model_server.learning.encoder.losses import losses, part_overlap, total
from model_server.learning.encoder.teaching import Lessons, teach
from model_server.learning.runs import (
    Run,
    descend,
    device,
    save,
    start,
)
from model_server.learning.samples.picture_files import shards_with_pictures
from model_server.learning.tensors import moved

log = logging.getLogger(__name__)


def new_encoder(config: EncoderTraining) -> Encoder:
    torch.manual_seed(config.seed)
    encoder = Encoder(config.encoder)
    encoder.trunk.requires_grad_(config.trunk > 0)
    return encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def random_batch(shards: list[Shard], size: int, rng: np.random.Generator) -> tuple[Crops, Answers]:
    """A batch from one of the shards."""
    shard = shards[rng.integers(len(shards))]
    rows = rng.choice(len(shard.people), min(size, len(shard.people)), replace=False)
    batch = crops_of(shard, rows, rng)
    return mirrored(*batch) if rng.random() < 0.5 else batch


def advance(
    run: Run[Encoder],
    batch: tuple[Crops, Answers],
    config: EncoderTraining,
    generator: torch.Generator | None = None,
) -> dict[str, float]:
    """One step of the optimiser; the terms of the loss."""
    crops, answers = batch
    run.network.train()
    with torch.autocast(device().type, torch.bfloat16, enabled=config.half_precision):
        encoded = encode(run.network, crops, generator)
    exact = Encoded(*(getattr(encoded, f.name).float() for f in dataclasses.fields(Encoded)))
    terms = losses(exact, moved(answers, device()))
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
        answers = moved(answers, encoded.guess.device)
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
    shards: list[Shard],
    held_out: Shard,
    config: EncoderTraining,
    checkpoint: Path,
    minutes: float,
    weights: dict[str, Tensor] | None = None,
) -> Run[Encoder]:
    """Train until the steps or the minutes are used up; a new run begins with `weights`."""
    encoder = new_encoder(config)
    if weights is not None:
        encoder.load_state_dict(weights)
    run = start(encoder, config, checkpoint, {"trunk.": config.trunk})
    seed = config.seed + run.step
    generator = torch.Generator(device()).manual_seed(seed)
    lessons = Lessons(
        ahead(partial(random_batch, shards, config.batch), seed),
        partial(advance, run, config=config, generator=generator),
        partial(judged, run.averaged, held_out),
        partial(save, run, config, checkpoint),
    )
    teach(run, lessons, config.steps, minutes)
    return run


def weights_of(graph: Path, shard: Shard) -> dict[str, Tensor]:
    """Of a graph that was exported, ready to learn from people like those of a shard."""
    encoder = encoder_in(graph)
    normalise_again(encoder, crops_of(shard, np.arange(64), None)[0])
    return encoder.state_dict()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/train"))
    parser.add_argument("--checkpoint", type=Path, default=Path(".cache/runs/encoder.pt"))
    parser.add_argument("--start-from", type=Path, help="graph of the weights to begin with")
    parser.add_argument("--steps", type=int, default=EncoderTraining.steps)
    parser.add_argument("--batch", type=int, default=EncoderTraining.batch)
    parser.add_argument("--learning-rate", type=float, default=EncoderTraining.learning_rate)
    parser.add_argument("--trunk", type=float, default=EncoderTraining.trunk)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    body = LandmarkModel(BodyModel())
    paths = shards_with_pictures(arguments.samples)
    held_out, *shards = [load_shard(path, body) for path in paths]
    config = dataclasses.replace(
        EncoderTraining(),
        steps=arguments.steps,
        batch=arguments.batch,
        learning_rate=arguments.learning_rate,
        trunk=arguments.trunk,
    )
    log.info("%d shards", len(shards))
    weights = None if arguments.start_from is None else weights_of(arguments.start_from, held_out)
    train(shards, held_out, config, arguments.checkpoint, arguments.minutes, weights)


if __name__ == "__main__":
    main()
