# SPDX-License-Identifier: GPL-3.0-or-later
"""See the rendered people of a split as people in photos are seen: `python -m
model_server.learning.samples.look_again --split test`.

Samples hold the detector's answer in one plain pass, which is what it gives to everybody who uses
it as it is. Here their pictures go through the search of the run time, many looks and a vote; whom
it finds is written as a split of its own (`test_seen_again`), by the look that the others agree
with and with the plain pass beside it as the baseline. Shards that exist are skipped.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

import numpy as np

from model_server.arrays import FloatArray
from model_server.hypotheses import person_box
from model_server.landmarks import PoseLandmarks
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.network.state import LANDMARKS, project
from model_server.learning.samples.pictures import decode, read_pictures, write_pictures
from model_server.learning.samples.store import Array, Samples, read_shard, shard_paths
from model_server.learning.shards import read_shards, write_shard
from model_server.learning.training.batch import people_of
from model_server.people import PeopleFinder

SUFFIX: Final = "_seen_again"
_MADE_BY: Final = "model_server.learning.samples.look_again"
_ELSEWHERE: Final = 0.5  # of a person's size: whoever is off by more is somebody else
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SeenAgain(Samples):
    """N people as the run time sees them, and how the detector sees them in one plain pass."""

    plain_world: Array  # (N, 33, 3) f32


def plain_world(folder: Path) -> Array:
    """What the detector says of everybody in a folder in one plain pass, (N, 33, 3) metres."""
    return read_shards(SeenAgain, folder, made_by=_MADE_BY).plain_world


def true_places(samples: Samples, body: LandmarkModel) -> FloatArray:
    """Where the landmarks (N, 33, 2) truly are, in pixels of the pictures."""
    people = people_of(samples)
    in_camera = body(people.phenotypes, people.rotations)[0][:, :LANDMARKS]
    tangents = project(in_camera + people.translation[:, None]).numpy()
    px: FloatArray = tangents * samples.focal_px[:, None, None] + samples.center_px[:, None]
    return px


def who_is_at(places: FloatArray, found: Sequence[PoseLandmarks]) -> PoseLandmarks | None:
    """Whoever of some people has their landmarks near `places` (33, 2), if anybody has."""

    def off(pose: PoseLandmarks) -> float:
        box = person_box(pose)
        apart = np.linalg.norm(pose.landmarks_px - places, axis=1)
        return float(np.median(apart)) / max(box.width, box.height)

    nearest = min(found, key=off, default=None)
    return nearest if nearest is not None and off(nearest) < _ELSEWHERE else None


def seen_again(samples: Samples, rows: Sequence[int], poses: Sequence[PoseLandmarks]) -> SeenAgain:
    """Some of the samples with the landmarks of `poses`."""
    some = Samples(*(getattr(samples, field.name)[list(rows)] for field in fields(Samples)))

    def seen(name: str) -> np.ndarray:
        return np.stack([getattr(pose, name) for pose in poses]).astype(np.float32)

    anew = replace(
        some,
        landmarks_px=seen("landmarks_px"),
        visibility=seen("visibility"),
        world=seen("world_m"),
        depth=seen("depth"),
    )
    return SeenAgain(**vars(anew), plain_world=some.world)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples"))
    parser.add_argument("--split", default="test", help="folder in --samples")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    finder, body = PeopleFinder(threads=arguments.threads), LandmarkModel(BodyModel())
    for path in shard_paths(arguments.samples / arguments.split):
        out = arguments.samples / f"{arguments.split}{SUFFIX}" / path.name
        if out.exists():
            continue
        samples, pictures = read_shard(path), read_pictures(path)
        found: dict[int, PoseLandmarks] = {}
        for row, places in enumerate(true_places(samples, body)):
            people = finder.find(decode(pictures[row])[0])
            pose = who_is_at(places, [person.pose for person in people])
            if pose is not None:
                found[row] = pose
        write_pictures([pictures[row] for row in found], out)
        write_shard(seen_again(samples, list(found), list(found.values())), out)
        log.info("%s: %d of %d people", out, len(found), len(samples))
    finder.close()


if __name__ == "__main__":
    main()
