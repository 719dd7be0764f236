# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the image encoder: `python -m model_server.learning.encoder.train`.

Uses a GPU when there is one, goes on from its checkpoint, and may be stopped at any time.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch

from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.config import EncoderConfig
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
from model_server.learning.encoder.encoder import Encoded, Encoder
from model_server.learning.encoder.losses import Weights, losses, part_overlap, total
from model_server.learning.runs import Run, descend, device, load, save, start
from model_server.learning.samples.picture_files import shards_with_pictures

log = logging.getLogger(__name__)
REPORT_EVERY: Final = 100
SAVE_EVERY: Final = 200


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
    half_precision: bool = True
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


def random_batches(shards: list[Shard], size: int, seed: int) -> Iterator[tuple[Crops, Answers]]:
    """Batches without end, each from one shard, prepared by a thread one step ahead."""
    ready: queue.Queue[tuple[Crops, Answers]] = queue.Queue(2)

    def prepare() -> None:
        rng = np.random.default_rng(seed)
        while True:
            shard = shards[rng.integers(len(shards))]
            rows = rng.choice(len(shard.people), min(size, len(shard.people)), replace=False)
            batch = crops_of(shard, rows, rng)
            ready.put(mirrored(*batch) if rng.random() < 0.5 else batch)

    threading.Thread(target=prepare, daemon=True).start()
    while True:
        yield ready.get()


def encode(encoder: Encoder, crops: Crops) -> Encoded:
    """The encoder's answer to crops on its own device."""
    device = next(encoder.parameters()).device
    image = crops.image.to(device).float() / 255
    mask = crops.mask.to(device).float() / 255
    return encoder(  # type: ignore[no-any-return]
        image.contiguous(memory_format=torch.channels_last),
        mask,
        crops.landmarks.to(device),
        crops.visibility.to(device),
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


def line(terms: dict[str, float]) -> str:
    return " ".join(f"{name} {value:.4f}" for name, value in terms.items())


def train(
    shards: list[Shard], held_out: Shard, config: EncoderTraining, checkpoint: Path, minutes: float
) -> Run[Encoder]:
    """Train until the steps or the minutes are used up."""
    run = start(new_encoder(config), config, checkpoint)
    began, sums = time.monotonic(), defaultdict[str, float](float)
    for batch in random_batches(shards, config.batch, config.seed + run.step):
        if run.step >= config.steps or time.monotonic() - began > 60 * minutes:
            break
        for name, value in advance(run, batch, config).items():
            sums[name] += value / REPORT_EVERY
        if run.step % REPORT_EVERY == 0:
            pace = (time.monotonic() - began) / 60
            log.info("step %d, %.1f min, training: %s", run.step, pace, line(sums))
            sums.clear()
        if run.step % SAVE_EVERY == 0:
            log.info("held out: %s", line(judged(run.averaged, held_out)))
            save(run, config, checkpoint)
    save(run, config, checkpoint)
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
    held_out, *shards = [load_shard(path, body) for path in shards_with_pictures(arguments.samples)]
    config = dataclasses.replace(EncoderTraining(), steps=arguments.steps, batch=arguments.batch)
    log.info("%d shards", len(shards))
    train(shards, held_out, config, arguments.checkpoint, arguments.minutes)


if __name__ == "__main__":
    main()
