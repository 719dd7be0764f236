# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the trained encoder read all pictures once: `python -m model_server.learning.encoder.read
--split train`.

The descent then trains on what was read, without pictures, as fast as before. Shards that are read
already are skipped; delete `encoded/` after training the encoder anew.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from model_server.crops import square_crop
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.config import MAP_PX
from model_server.learning.encoder.crop_encoder import Encoded
from model_server.learning.encoder.dataset import (
    Shard,
    crops_of,
    load,
    mirrored,
)
from model_server.learning.encoder.encoder import Encoder
from model_server.learning.encoder.heat import places, trust_of
from model_server.learning.encoder.train import encode, load_encoder
from model_server.learning.network.picture import CELLS, Reading
from model_server.learning.samples.picture_files import encoded_path, shards_with_pictures
from model_server.learning.samples.store import read_shard, shard_paths
from model_server.learning.tensors import joined
from model_server.learning.training.batch import People, people_of
from model_server.person_crop import CROP_PX, person_square

log = logging.getLogger(__name__)
BATCH: Final = 64


def reading_of(encoded: Encoded, crop_px: Tensor) -> Reading:
    """The encoder's maps of crops (left, top, side) (B, 3) as the descent reads them."""
    where, peak = places(encoded.heat)
    shares = avg_pool2d(encoded.parts.softmax(1)[:, 1:], MAP_PX // CELLS)
    return Reading(
        encoded.features,
        shares,
        crop_px,
        crop_px[:, None, :2] + crop_px[:, None, 2:] * where,
        trust_of(peak),
        torch.ones_like(crop_px[:, :1]),
    )


@torch.no_grad()
def read(shard: Shard, encoder: Encoder) -> tuple[Reading, Tensor]:
    """All pictures of a shard as they are, and the features of their mirror images."""
    pieces, mirror_features = [], []
    for rows in np.split(np.arange(len(shard.people)), range(BATCH, len(shard.people), BATCH)):
        crops, answers = crops_of(shard, rows, None)
        pieces.append(reading_of(encode(encoder, crops), crops_px(shard, rows)))
        mirror_features.append(encode(encoder, mirrored(crops, answers)[0]).features)
    return joined(pieces), torch.cat(mirror_features)


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
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    encoder, body = load_encoder(arguments.checkpoint), LandmarkModel(BodyModel())
    for path in shards_with_pictures(arguments.samples / arguments.split):
        if not encoded_path(path).exists():
            write(*read(load(path, body), encoder), encoded_path(path))
            log.info("%s", encoded_path(path))


if __name__ == "__main__":
    main()
