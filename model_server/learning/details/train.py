# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the encoder of hands or of faces: `python -m model_server.learning.details.train hands`.

Uses a GPU when there is one, goes on from its checkpoint, and may be stopped at any time.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections import defaultdict
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from model_server.learning.ahead import ahead
from model_server.learning.details.crops import DetailCrops
from model_server.learning.details.encoder import SMALL, DetailEncoder
from model_server.learning.details.kinds import KINDS
from model_server.learning.details.lesson import Lesson
from model_server.learning.encoder.appearance import disturbed
from model_server.learning.encoder.config import CropTraining, EncoderConfig
from model_server.learning.encoder.crop_encoder import CropContents, Encoded
from model_server.learning.encoder.losses import total
from model_server.learning.encoder.teaching import Lessons, teach
from model_server.learning.runs import Run, descend, device, load, save, start
from model_server.learning.samples.picture_files import shards_with_pictures
from model_server.learning.tensors import moved

JUDGED: Final = 400  # held-out pictures that reports are about, at most
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DetailWeights:
    """Of the terms of both kinds; those that a kind does not have do not count."""

    parts: float = 1.0
    heat: float = 0.3
    places: float = 4.0  # crop sides
    turn: float = 1.0  # 6D, of palm or head
    bends: float = 4.0  # 0…1 between the limits
    joints: float = 2.0  # palms
    actions: float = 4.0  # cross entropy


@dataclass(frozen=True)
class DetailTraining(CropTraining):
    steps: int = 6000
    encoder: EncoderConfig = field(default_factory=lambda: SMALL)
    weights: DetailWeights = field(default_factory=DetailWeights)


def new_encoder(contents: CropContents, config: DetailTraining) -> DetailEncoder:
    torch.manual_seed(config.seed)
    encoder = DetailEncoder(config.encoder, contents)
    return encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def load_encoder(path: Path, contents: CropContents) -> DetailEncoder:
    """The averaged encoder of a checkpoint, ready to be asked."""
    saved = load(path)
    encoder = DetailEncoder(EncoderConfig(**saved["config"]["encoder"]), contents)
    encoder.load_state_dict(saved["averaged"])
    return encoder.eval()


def encode(
    encoder: DetailEncoder, crops: DetailCrops, generator: torch.Generator | None = None
) -> Encoded:
    """The encoder's answer to crops on its own device, to disturbed ones with a generator of that
    device.
    """
    device = next(encoder.parameters()).device
    image = crops.image.to(device).float() / 255
    if generator is not None:
        image = disturbed(image, generator)
    return encoder(  # type: ignore[no-any-return]
        image.contiguous(memory_format=torch.channels_last),
        crops.landmarks.to(device),
        crops.told.to(device),
    )


def advance(
    run: Run[DetailEncoder],
    lesson: Lesson,
    config: DetailTraining,
    generator: torch.Generator | None,
    batch: tuple[DetailCrops, Any],
) -> dict[str, float]:
    """One step of the optimiser; the terms of the loss."""
    crops, answers = batch
    run.network.train()
    with torch.autocast(device().type, torch.bfloat16, enabled=config.half_precision):
        encoded = encode(run.network, crops, generator)
    exact = Encoded(*(getattr(encoded, f.name).float() for f in fields(Encoded)))
    terms = lesson.terms(exact, moved(answers, device()))
    descend(run, total(terms, config.weights), config)
    return {name: term.item() for name, term in terms.items()}


def random_batch(
    lesson: Lesson, rows: np.ndarray, size: int, rng: np.random.Generator
) -> tuple[DetailCrops, Any]:
    return lesson.drawn(rng.choice(rows, min(size, len(rows)), replace=False), rng)


@torch.no_grad()
def judged(encoder: DetailEncoder, lesson: Lesson, rows: np.ndarray) -> dict[str, float]:
    """Mean terms on pictures as they are."""
    encoder.eval()
    sums: dict[str, float] = defaultdict(float)
    batches = np.array_split(rows[:JUDGED], max(1, len(rows[:JUDGED]) // 100))
    for part in batches:
        crops, answers = lesson.drawn(part, None)
        encoded = encode(encoder, crops)
        for name, term in lesson.terms(encoded, moved(answers, encoded.guess.device)).items():
            sums[name] += term.item() / len(batches)
    return dict(sums)


def train(
    lesson: Lesson,
    rows: np.ndarray,
    held_out: np.ndarray,
    config: DetailTraining,
    checkpoint: Path,
    minutes: float,
) -> Run[DetailEncoder]:
    """Train on some rows of a lesson until the steps or the minutes are used up."""
    run = start(new_encoder(lesson.contents, config), config, checkpoint)
    seed = config.seed + run.step
    generator = torch.Generator(device()).manual_seed(seed)
    lessons = Lessons(
        ahead(partial(random_batch, lesson, rows, config.batch), seed),
        partial(advance, run, lesson, config, generator),
        partial(judged, run.averaged, lesson, held_out),
        partial(save, run, config, checkpoint),
    )
    teach(run, lessons, config.steps, minutes)
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--samples", type=Path, help="by default .cache/samples/KIND/train")
    parser.add_argument("--checkpoint", type=Path, help="by default .cache/runs/KIND_encoder.pt")
    parser.add_argument("--steps", type=int, default=DetailTraining.steps)
    parser.add_argument("--batch", type=int, default=DetailTraining.batch)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    kind = KINDS[arguments.kind]
    folder = arguments.samples or kind.samples / "train"
    lesson = kind.load(shards_with_pictures(folder))
    held_out, rows = kind.split(len(lesson.pictures))
    log.info("%d pictures", len(lesson.pictures))
    config = dataclasses.replace(DetailTraining(), steps=arguments.steps, batch=arguments.batch)
    checkpoint = arguments.checkpoint or kind.checkpoint
    train(lesson, rows, held_out, config, checkpoint, arguments.minutes)


if __name__ == "__main__":
    main()
