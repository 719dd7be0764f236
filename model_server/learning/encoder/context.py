# SPDX-License-Identifier: GPL-3.0-or-later
"""Teach the features alone: `python -m model_server.learning.encoder.context`.

All layers before them stay as they are, and what these see has been kept by `read.py`, so that
minutes do what takes hours with pictures. What was read is then written anew with these features.
Goes on from its checkpoint, which begins as the encoder's.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import dropout

from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.config import EncoderConfig, Weights
from model_server.learning.encoder.encoder import Encoder, load_encoder
from model_server.learning.encoder.insight import insight_path, read_insight, unpacked
from model_server.learning.encoder.losses import guess_terms, total
from model_server.learning.encoder.read import read_shard_people, write
from model_server.learning.encoder.teaching import Lessons, teach
from model_server.learning.network.descent import flat
from model_server.learning.network.state import LANDMARKS
from model_server.learning.runs import Run, descend, device, save, start
from model_server.learning.samples.picture_files import encoded_path
from model_server.learning.samples.store import shard_paths
from model_server.learning.tensors import joined, moved
from model_server.learning.training.batch import People, augmented, evidence_and_truth, unread

log = logging.getLogger(__name__)
TAUGHT: Final = ("condense", "features", "guess")  # layers


@dataclass(frozen=True)
class ContextTraining:
    steps: int = 3200
    batch: int = 256
    learning_rate: float = 1e-3
    warm_up: int = 200
    weight_decay: float = 0.05
    average: float = 0.998
    clip: float = 1.0
    forgotten: float = 0.5  # of what is seen is kept from the features
    held_out: int = 1000  # first people, never trained on
    seed: int = 0
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    weights: Weights = field(default_factory=Weights)


def insights_of(paths: list[Path]) -> People:
    """People of shards that were read, with what features are made of in place of features."""
    return joined([_insights_of(path) for path in paths])


def _insights_of(path: Path) -> People:
    people, (rows, mirror_rows) = read_shard_people(path), read_insight(path)
    return replace(
        people, reading=replace(people.reading, features=rows), mirror_features=mirror_rows
    )


def terms_of(
    encoder: Encoder, people: People, body: LandmarkModel, forgotten: float = 0.0
) -> dict[str, Tensor]:
    """What the features of people, and of who is told nothing else than the detector says, miss."""
    evidence, sight, truth = evidence_and_truth(moved(people, device()), body)
    seen = dropout(sight.features, forgotten)
    features = sight.present * encoder.features_of(unpacked(seen))
    blank = replace(sight, features=torch.zeros_like(features))
    guess = encoder.guess_of(features, flat(evidence, blank))
    landmarks = truth.landmarks[:, :LANDMARKS]
    return guess_terms(guess, landmarks, truth.rotations, truth.phenotypes)


def only_features(encoder: Encoder) -> Encoder:
    """The encoder, of which only what makes the features can still learn."""
    encoder.requires_grad_(False)
    for name in TAUGHT:
        getattr(encoder, name).requires_grad_(True)
    return encoder


def train(people: People, config: ContextTraining, run: Run[Encoder], checkpoint: Path) -> None:
    """Train until the steps are used up; reports tell what held-out people gain by the picture."""
    body = LandmarkModel(BodyModel()).to(device())
    generator = torch.Generator().manual_seed(config.seed + run.step)
    lessons = Lessons(
        drawn(people, config, generator),
        partial(advance, run, body, config),
        partial(judged, run.averaged, people[: config.held_out], body),
        partial(save, run, config, checkpoint),
    )
    teach(run, lessons, config.steps, minutes=float("inf"))


def drawn(people: People, config: ContextTraining, generator: torch.Generator) -> Iterator[People]:
    """Batches without end of those who are not held out."""
    while True:
        rows = torch.randint(config.held_out, len(people), (config.batch,), generator=generator)
        yield augmented(people[rows], generator)


def advance(
    run: Run[Encoder], body: LandmarkModel, config: ContextTraining, people: People
) -> dict[str, float]:
    """One step of the optimiser; the terms of the loss."""
    terms = terms_of(run.network, people, body, config.forgotten)
    descend(run, total(terms, config.weights), config)
    return {name: term.item() for name, term in terms.items()}


@torch.no_grad()
def judged(encoder: Encoder, people: People, body: LandmarkModel) -> dict[str, float]:
    """The terms of held-out people, with the picture and without."""
    blind = unread(people, torch.ones(len(people), dtype=torch.bool))
    told, alone = (terms_of(encoder, each, body) for each in (people, blind))
    blindly = {f"{name}_unread": term for name, term in alone.items()}
    return {name: term.item() for name, term in (told | blindly).items()}


@torch.no_grad()
def rewrite(paths: list[Path], encoder: Encoder) -> None:
    """What was read of shards, with the features of this encoder."""
    for path in paths:
        people = read_shard_people(path)
        features, mirror_features = (
            torch.cat([encoder.features_of(unpacked(part.float())) for part in rows.split(500)])
            for rows in read_insight(path)
        )
        write(replace(people.reading, features=features), mirror_features, encoded_path(path))
        log.info("%s", path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples"))
    parser.add_argument("--checkpoint", type=Path, default=Path(".cache/runs/encoder.pt"))
    parser.add_argument("--out", type=Path, default=Path(".cache/runs/context.pt"))
    parser.add_argument("--steps", type=int, default=ContextTraining.steps)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    people = insights_of(read_paths(arguments.samples / "train"))
    encoder = only_features(load_encoder(arguments.checkpoint))
    config = ContextTraining(steps=arguments.steps, encoder=encoder.config)
    run = start(encoder, config, arguments.out)
    log.info("%d people", len(people))
    train(people, config, run, arguments.out)
    for split in sorted(path.parent for path in arguments.samples.glob("*/insight")):
        rewrite(read_paths(split), run.averaged.cpu())


def read_paths(folder: Path) -> list[Path]:
    """The shards of a folder whose pictures were read."""
    return [path for path in shard_paths(folder) if insight_path(path).exists()]


if __name__ == "__main__":
    main()
