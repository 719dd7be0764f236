# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a trained encoder look at all pictures: `python -m model_server.learning.details.read hands
--split train`.

The descent then trains on what was read, without pictures. Shards that are read already are
skipped; delete `encoded/` after training the encoder anew.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch

from model_server.learning.details.crops import DetailCrops, cut_pictures, mirrored
from model_server.learning.details.encoder import DetailEncoder
from model_server.learning.details.kinds import KINDS
from model_server.learning.details.lesson import Lesson
from model_server.learning.details.looks import LOOKS, Look, write_looks
from model_server.learning.details.reading import DetailReading, reading_of
from model_server.learning.details.train import encode, load_encoder
from model_server.learning.samples.picture_files import encoded_path, shards_with_pictures
from model_server.learning.tensors import joined, seeded

BATCH: Final = 100
log = logging.getLogger(__name__)


@torch.no_grad()
def look_at(lesson: Lesson, encoder: DetailEncoder, rng: np.random.Generator | None) -> Look:
    """All pictures of a lesson; with a generator displaced and disturbed."""
    pieces = list[Look]()
    for rows in np.split(
        np.arange(len(lesson.pictures)), range(BATCH, len(lesson.pictures), BATCH)
    ):
        cuts = cut_pictures(lesson.pictures, rows, rng)
        crops = replace(cuts.crops, told=torch.ones_like(cuts.crops.told))
        squares = torch.from_numpy(cuts.squares).float()
        generator = None if rng is None else seeded(rng)
        reading = reading_of(encode(encoder, crops, generator), squares)
        mirror = in_mirror(lesson, encoder, crops, squares, generator)
        pieces.append(Look(reading, mirror or reading))
    return joined(pieces)


def in_mirror(
    lesson: Lesson,
    encoder: DetailEncoder,
    crops: DetailCrops,
    squares: torch.Tensor,
    generator: torch.Generator | None,
) -> DetailReading | None:
    """What is read in the mirror images, where these are ever seen; with a generator disturbed."""
    if lesson.mirror is None:
        return None
    encoded = encode(encoder, mirrored(crops, lesson.mirror), generator)
    return reading_of(encoded, squares, lesson.mirror)


def looks_at(lesson: Lesson, encoder: DetailEncoder) -> list[Look]:
    """The pictures as they are, then disturbed ones."""
    generators = [None, *(np.random.default_rng(look) for look in range(1, LOOKS))]
    return [look_at(lesson, encoder, rng) for rng in generators]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument("--samples", type=Path, help="by default .cache/samples/KIND")
    parser.add_argument("--checkpoint", type=Path, help="by default .cache/runs/KIND_encoder.pt")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    kind = KINDS[arguments.kind]
    encoder = load_encoder(arguments.checkpoint or kind.checkpoint, kind.contents)
    for path in shards_with_pictures((arguments.samples or kind.samples) / arguments.split):
        if not encoded_path(path).exists():
            write_looks(looks_at(kind.load([path]), encoder), path)
            log.info("%s", encoded_path(path))


if __name__ == "__main__":
    main()
