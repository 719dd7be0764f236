# SPDX-License-Identifier: GPL-3.0-or-later
"""See the rendered people of a split as people in photos are seen: `python -m
model_server.learning.samples.look_again --split test`.

Samples hold the detector's answer in one plain pass, which is what it gives to everybody who uses
it as it is. Here each gets the closer looks of the run time, and a vote on them. Whom these confirm
is written as a split of its own (`test_seen_again`), by the look that the others agree with and
with the plain pass beside it as the baseline. Shards that exist are skipped.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

from model_server.landmarks import PoseLandmarks
from model_server.learning.samples.picture_files import shards_with_pictures
from model_server.learning.samples.pictures import decode, read_pictures, write_pictures
from model_server.learning.samples.store import Array, Samples, columns_of, read_shard
from model_server.learning.shards import read_shards, write_shard
from model_server.people import PeopleFinder

SUFFIX: Final = "_seen_again"
_MADE_BY: Final = "model_server.learning.samples.look_again"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SeenAgain(Samples):
    """N people as the run time sees them, and how the detector sees them in one plain pass."""

    plain_world: Array  # (N, 33, 3) f32


def plain_world(folder: Path) -> Array:
    """What the detector says of everybody in a folder in one plain pass, (N, 33, 3) metres."""
    return read_shards(SeenAgain, folder, made_by=_MADE_BY).plain_world


def plain_look(samples: Samples, row: int) -> PoseLandmarks:
    """What the detector said of one sample."""
    seen = samples.visibility[row]
    px, depth, world = samples.landmarks_px[row], samples.depth[row], samples.world[row]
    return PoseLandmarks(px, depth, visibility=seen, presence=seen, world_m=world)


def seen_again(samples: Samples, rows: Sequence[int], poses: Sequence[PoseLandmarks]) -> SeenAgain:
    """Some of the samples with the landmarks of `poses`."""
    some = Samples(*(getattr(samples, field.name)[list(rows)] for field in fields(Samples)))
    return SeenAgain(**vars(replace(some, **columns_of(poses))), plain_world=some.world)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples"))
    parser.add_argument("--split", default="test", help="folder in --samples")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    finder = PeopleFinder(threads=arguments.threads)
    for path in shards_with_pictures(arguments.samples / arguments.split):
        out = arguments.samples / f"{arguments.split}{SUFFIX}" / path.name
        if out.exists():
            continue
        samples, pictures = read_shard(path), read_pictures(path)
        found: dict[int, PoseLandmarks] = {}
        for row, picture in enumerate(pictures):
            for person in finder.closer(decode(picture)[0], plain_look(samples, row)):
                found[row] = person.pose
        write_pictures([pictures[row] for row in found], out)
        write_shard(seen_again(samples, list(found), list(found.values())), out)
        log.info("%s: %d of %d people", out, len(found), len(samples))
    finder.close()


if __name__ == "__main__":
    main()
