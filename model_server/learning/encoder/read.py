# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the trained encoder read all pictures once: `python -m model_server.learning.encoder.read
--split train`.

The descent then trains on what was read, without pictures, as fast as before. What the features are
made of is kept, too (`insight.py`), so that `context.py` can teach them anew without looking again.
The graph that reads is the one that ships. Shards that are read already are skipped; delete
`encoded/` and `insight/` after training the encoder anew.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from model_server.crops import square_crop
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.dataset import Crops, Shard, crops_of, load, mirrored
from model_server.learning.encoder.export import INSIGHT, OUTPUTS, export
from model_server.learning.encoder.insight import write_insight
from model_server.learning.network.picture import Reading
from model_server.learning.samples.picture_files import encoded_path, shards_with_pictures
from model_server.learning.samples.store import read_shard, shard_paths
from model_server.learning.tensors import joined
from model_server.learning.training.batch import People, people_of
from model_server.person_crop import CROP_PX, person_square
from model_server.session import open_session

log = logging.getLogger(__name__)
BATCH: Final = 32


def reader_of(checkpoint: Path, threads: int) -> Any:
    """A session of the graph of a checkpoint, insight included."""
    graph = checkpoint.with_suffix(".onnx")
    if not graph.exists() or graph.stat().st_mtime < checkpoint.stat().st_mtime:
        export(checkpoint, graph, insight=True)
    return open_session(graph, threads)


def look(session: Any, crops: Crops) -> list[Tensor]:
    """`OUTPUTS` and the insight of crops."""
    feed = {
        "image": crops.image.permute(0, 2, 3, 1).contiguous().numpy(),
        "mask": crops.mask[:, 0].numpy(),
        "view": crops.view.permute(0, 2, 3, 1).contiguous().numpy(),
        "landmarks": crops.landmarks.float().numpy(),
        "visibility": crops.visibility.float().numpy(),
    }
    return [torch.from_numpy(answer) for answer in session.run([*OUTPUTS, INSIGHT], feed)]


def read(shard: Shard, session: Any) -> tuple[Reading, Tensor, Tensor, Tensor]:
    """All pictures of a shard as they are, the features of their mirror images, and the insight
    into both.
    """
    pieces, beside = [], []
    for rows in np.split(np.arange(len(shard.people)), range(BATCH, len(shard.people), BATCH)):
        crops, answers = crops_of(shard, rows, None)
        features, parts, heat, trust, insight = look(session, crops)
        mirror_features, *_, mirror_insight = look(session, mirrored(crops, answers)[0])
        corner = crops_px(shard, rows)
        places_px = corner[:, None, :2] + corner[:, None, 2:] * heat
        present = torch.ones_like(corner[:, :1])
        pieces.append(Reading(features, parts, corner, places_px, trust, present))
        beside.append((mirror_features, insight.half(), mirror_insight.half()))
    mirror_features, insight, mirror_insight = (
        torch.cat(each) for each in zip(*beside, strict=True)
    )
    return joined(pieces), mirror_features, insight, mirror_insight


def crops_px(shard: Shard, rows: np.ndarray) -> Tensor:
    """Left, top and side (B, 3) of the crops of some people."""
    seen = shard.people.detection
    crops = [
        square_crop(
            person_square(seen.landmarks_px[row].numpy(), seen.visibility[row].numpy()), CROP_PX
        )
        for row in rows
    ]
    return torch.tensor([[crop.left, crop.top, crop.side] for crop in crops]).float()


def write(reading: Reading, mirror_features: Tensor, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        features=reading.features.half().numpy(),
        mirror_features=mirror_features.half().numpy(),
        parts=(255 * reading.parts).round().byte().numpy(),
        crop_px=reading.crop_px.numpy(),
        heat_px=reading.heat_px.numpy(),
        heat_trust=reading.heat_trust.half().numpy(),
    )
    partial.replace(path)


def read_people(folder: Path) -> People:
    """All people of a folder, with what was read of their pictures where they were read."""
    return joined([read_shard_people(path) for path in shard_paths(folder)])


def read_shard_people(path: Path) -> People:
    people = people_of(read_shard(path))
    blank = replace(people.reading, parts=people.reading.parts.half())
    if not encoded_path(path).exists():
        return replace(people, reading=blank)
    with np.load(encoded_path(path), allow_pickle=False) as arrays:
        found = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    reading = Reading(
        features=found["features"].float(),
        parts=found["parts"].half() / 255,
        crop_px=found["crop_px"],
        heat_px=found["heat_px"],
        heat_trust=found["heat_trust"].float(),
        present=torch.ones(len(people), 1),
    )
    return replace(people, reading=reading, mirror_features=found["mirror_features"].float())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples"))
    parser.add_argument("--split", default="train", help="folder in --samples")
    parser.add_argument("--checkpoint", type=Path, default=Path(".cache/runs/encoder.pt"))
    parser.add_argument("--threads", type=int, default=0, help="0 for all")
    parser.add_argument("--first", type=int, default=0, help="with --every: share the shards")
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    session = reader_of(arguments.checkpoint, arguments.threads)
    body = LandmarkModel(BodyModel())
    paths = shards_with_pictures(arguments.samples / arguments.split)
    for path in paths[arguments.first :: arguments.every]:
        if not encoded_path(path).exists():
            reading, mirror_features, *insight = read(load(path, body), session)
            write_insight(*insight, path)
            write(reading, mirror_features, encoded_path(path))
            log.info("%s", encoded_path(path))


if __name__ == "__main__":
    main()
