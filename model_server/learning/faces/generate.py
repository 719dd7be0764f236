# SPDX-License-Identifier: GPL-3.0-or-later
"""Make face samples: `python -m model_server.learning.faces.generate --split train --shards 40`.

Random people with random expressions are rendered as the server's face crops are cut, and the real
face detector looks. Shard k depends on its number alone; shards that exist are skipped, so the
command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.random import Generator

from model_server.face import CROP_SIZE, FaceDetector
from model_server.landmarks import FaceLandmarks
from model_server.learning.faces.sculpt import load_sculpt
from model_server.learning.faces.sitters import Sitters, random_sitters
from model_server.learning.faces.store import FaceSamples
from model_server.learning.rendering import DressedRenderer, RenderedSample
from model_server.learning.rendering.corruption import corrupt_picture, occlude
from model_server.learning.samples.picture_files import jpeg_of, write_columns
from model_server.learning.shards import joined, write_shard

SHARD: Final = 500  # faces drawn for a shard; those the detector misses are left out
CHUNK: Final = 20
SEED_OF_SPLIT: Final = {"train": 0, "test": 10_000_000}
_SEEN_PX: Final = (60.0, 500.0)  # side of the crop in the photo, log-uniform
_OCCLUDED: Final = 0.08  # share of faces with something before them
_FAR_PX: Final = 0.35 * CROP_SIZE  # a face found this far from the middle is a ghost
_NOSE_TIP: Final = 1  # of mediapipe's face mesh
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Picture:
    """A face crop and what the detector is shown of it."""

    crop: np.ndarray  # (side, side, 3) as it is in the photo
    image: np.ndarray  # (384, 384, 3)

    @property
    def scale(self) -> float:
        """Photo pixels per crop pixel."""
        return len(self.crop) / CROP_SIZE


class Studio:
    """All that turns people into samples of faces."""

    def __init__(self, data: Path) -> None:
        self.renderer = DressedRenderer(data, CROP_SIZE)
        self.sculpt = load_sculpt(len(self.renderer.body.template_vertices))
        self.detector = FaceDetector()

    def shard(self, seed: int, faces: int = SHARD) -> tuple[FaceSamples, list[np.ndarray]]:
        """The samples of one seed and their crops of the photo as JPEG."""
        rng = np.random.default_rng(seed)
        groups, jpegs = list[FaceSamples](), list[np.ndarray]()
        for start in range(0, faces, CHUNK):
            count = min(CHUNK, faces - start)
            sitters = random_sitters(self.renderer.body, self.sculpt, rng, count)
            pictures = self.pictures(sitters, rng)
            found = _found(pictures, self.detector)
            groups.append(_rows(sitters, pictures, found))
            jpegs += [jpeg_of(pictures[row].crop) for row in found]
        return joined(groups), jpegs

    def pictures(self, sitters: Sitters, rng: Generator) -> list[Picture]:
        """Face crops as photos of any size give them."""
        looks = [self.renderer.sample_look(person.phenotypes, rng) for person in sitters.people]
        renders = self.renderer.render_batch(
            sitters.people, sitters.cameras, looks, rng, with_faults=False
        )
        return [_photographed(render, rng) for render in renders]


def _photographed(render: RenderedSample, rng: Generator) -> Picture:
    """The crop out of a photo with its faults, where it has fewer pixels, mostly."""
    image, _, _ = occlude(rng, render.image, render.silhouette, render.parts, _OCCLUDED)
    image = corrupt_picture(rng, image)
    low, high = np.log(_SEEN_PX)
    side = round(float(np.exp(rng.uniform(low, high))))
    if side >= CROP_SIZE:
        return Picture(cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR), image)
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_LINEAR)
    return Picture(small, large)


def _found(pictures: list[Picture], detector: FaceDetector) -> dict[int, FaceLandmarks]:
    """The faces that the detector sees, in pixels of the photo, by the row of their picture."""
    return {
        row: faces[0].scaled(picture.scale)
        for row, picture in enumerate(pictures)
        if (faces := [face for face in detector.search(picture.image) if _central(face)])
    }


def _rows(
    sitters: Sitters, pictures: list[Picture], found: dict[int, FaceLandmarks]
) -> FaceSamples:
    rows = list(found)
    scale = np.array([pictures[row].scale for row in rows], np.float32)
    focal = np.array([sitters.cameras[row].focal_px for row in rows], np.float32)
    centre = np.array([sitters.cameras[row].center_px for row in rows], np.float32)
    return FaceSamples(
        sitters.actions[rows],
        sitters.phenotypes[rows],
        sitters.sculpt[rows],
        sitters.rotation[rows],
        sitters.translation[rows],
        scale * focal,
        scale[:, None] * centre.reshape(-1, 2),
        np.array([face.landmarks_px for face in found.values()], np.float32).reshape(-1, 478, 2),
        np.array([face.depth for face in found.values()], np.float32).reshape(-1, 478),
    )


def _central(face: FaceLandmarks) -> bool:
    nose = face.landmarks_px[_NOSE_TIP]
    return float(np.linalg.norm(nose - CROP_SIZE / 2)) < _FAR_PX


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=sorted(SEED_OF_SPLIT), default="train")
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--data", type=Path, default=Path(".cache/data/base"))
    parser.add_argument("--out", type=Path, default=Path(".cache/samples/faces"))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    studio = Studio(arguments.data)
    for number in range(arguments.shards):
        path = arguments.out / arguments.split / f"{number:04d}.npz"
        if path.exists():
            continue
        began = time.monotonic()
        samples, jpegs = studio.shard(SEED_OF_SPLIT[arguments.split] + number)
        write_columns({"image": jpegs}, path)
        write_shard(samples, path)
        log.info("%s: %d faces, %.0f s", path, len(samples), time.monotonic() - began)


if __name__ == "__main__":
    main()
