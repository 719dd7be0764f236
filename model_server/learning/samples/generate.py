# SPDX-License-Identifier: GPL-3.0-or-later
"""Make training samples: `python -m model_server.learning.samples.generate --split train --shards
100`.

Poses from the mocap library, shapes, clothes, cameras and backgrounds at random, a render, and the
real detector's answer to it. Shard k depends on its number alone; shards that exist are skipped,
so the command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import logging
import time
from dataclasses import fields
from pathlib import Path
from typing import Final

import numpy as np
import torch

from model_server.landmarks import PoseDetector, PoseLandmarks
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.mocap.augment import PoseSampler, Shares
from model_server.learning.rendering import (
    Camera,
    DressedRenderer,
    PosedPerson,
    RenderedSample,
)
from model_server.learning.samples.people import PHENOTYPES, PICTURE_PX, People, random_people
from model_server.learning.samples.pictures import Picture, encode, write_pictures
from model_server.learning.samples.store import Samples, columns_of
from model_server.learning.shards import write_shard

SHARD: Final = 1000  # people drawn for a shard; those the detector misses are left out
CHUNK: Final = 20
# Splits draw from different clips and from random numbers far apart; tests show recorded poses as
# they are.
SEED_OF_SPLIT: Final = {"train": 0, "test": 10_000_000}
SHARES_OF_SPLIT: Final = {
    "train": Shares(),
    "test": Shares(recombined=0, blended=0, perturbed=0, weak=0, tilt=0, any_root=0),
}
log = logging.getLogger(__name__)


class Studio:
    """All that turns people into samples."""

    def __init__(self, data: Path, split: str) -> None:
        self.poses = PoseSampler(split=split, shares=SHARES_OF_SPLIT[split])
        self.body = LandmarkModel(BodyModel())
        self.renderer = DressedRenderer(data, PICTURE_PX)
        self.detector = PoseDetector(num_people=1, with_masks=True)

    def shard(self, seed: int, people: int = SHARD) -> tuple[Samples, list[Picture]]:
        """The samples of one seed and their pictures."""
        rng = np.random.default_rng(seed)
        drawn = random_people(self.poses.sample(rng, people), self.body, rng)
        found: list[tuple[int, PoseLandmarks]] = []
        pictures: list[Picture] = []
        for start in range(0, people, CHUNK):
            rows = range(start, min(start + CHUNK, people))
            for row, render in zip(rows, self.renders(drawn, rows, rng), strict=True):
                for landmarks in self.detector.detect(render.image)[:1]:
                    assert landmarks.mask is not None
                    found.append((row, landmarks))
                    pictures.append(encode(render.image, render.parts, landmarks.mask.shares))
        return samples_of(drawn, found), pictures

    def renders(
        self, people: People, rows: range, rng: np.random.Generator
    ) -> list[RenderedSample]:
        """Renders of some of the people."""
        persons = [posed_person(people, row) for row in rows]
        cameras = [
            Camera(float(people.focal_px[row]), tuple(people.center_px[row].tolist()))
            for row in rows
        ]
        looks = [self.renderer.sample_look(person.phenotypes, rng) for person in persons]
        return self.renderer.render_batch(persons, cameras, looks, rng)


def posed_person(people: People, row: int) -> PosedPerson:
    phenotypes = dict(zip(PHENOTYPES, people.phenotypes[row].tolist(), strict=True))
    rotations = dict(zip(POSE_BONES[1:], people.rotations[row, 1:], strict=True))
    return PosedPerson(phenotypes, rotations, people.rotations[row, 0], people.translation[row])


def samples_of(people: People, found: list[tuple[int, PoseLandmarks]]) -> Samples:
    rows = np.array([row for row, _ in found])
    truth = {field.name: getattr(people, field.name)[rows] for field in fields(People)}
    return Samples(**truth, **columns_of([landmarks for _, landmarks in found]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=sorted(SEED_OF_SPLIT), default="train")
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument(
        "--first", type=int, default=0, help="with --every: share the shards among processes"
    )
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument(
        "--data", type=Path, default=Path(".cache/data/base"), help="MakeHuman's clothes and hair"
    )
    parser.add_argument("--out", type=Path, default=Path(".cache/samples"))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    studio = Studio(arguments.data, arguments.split)
    for number in range(arguments.first, arguments.shards, arguments.every):
        path = arguments.out / arguments.split / f"{number:04d}.npz"
        if path.exists():
            continue
        began = time.monotonic()
        samples, pictures = studio.shard(SEED_OF_SPLIT[arguments.split] + number)
        write_pictures(pictures, path)
        write_shard(samples, path)
        log.info("%s: %d samples, %.0f s", path, len(samples), time.monotonic() - began)


if __name__ == "__main__":
    main()
