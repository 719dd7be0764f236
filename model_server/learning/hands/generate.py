# SPDX-License-Identifier: GPL-3.0-or-later
"""Make hands to learn from: `python -m model_server.learning.hands.generate --split train`.

Random fingers on random dressed people before random cameras, a render of the crop, and the real
hand detector's answer to it, taken or left as at run time. Shard k depends on its number alone;
shards that exist are skipped, so the command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch

from model_server.crops import Crop
from model_server.hands import CROP_SIZE, WRIST_TOLERANCE, HandDetector, Side, nearest_hand
from model_server.landmarks import HandLandmarks
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.hands.parts import PART_OF_BONE, shown_parts
from model_server.learning.hands.scenes import FLIP, HandScene, HandScenes
from model_server.learning.hands.store import HandSamples, stacked
from model_server.learning.mocap.augment import PoseSampler
from model_server.learning.mocap.so3 import Array
from model_server.learning.rendering import DressedRenderer, RenderedSample
from model_server.learning.samples.people import PHENOTYPES
from model_server.learning.samples.picture_files import jpeg_of, png_of, write_columns
from model_server.learning.shards import write_shard

SHARD: Final = 100  # hands drawn for a shard; those that the detector misses are left out
CHUNK: Final = 20
SEED_OF_SPLIT: Final = {"train": 0, "test": 10_000_000}
WHOLE: Final = Crop(0, 0, CROP_SIZE, CROP_SIZE)
_COARSE: Final = 0.5  # share of hands that were small in their photo
_LEAST_PX: Final = 40
_WRIST_NOISE: Final = 0.04  # of the crop's side: how well the body's landmarks tell the wrist
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HandPicture:
    """What is kept of a picture, encoded; a right hand's is mirrored."""

    image: Array  # (J,) uint8, JPEG of the crop (256, 256, 3)
    parts: Array  # (P,) uint8, PNG (128, 128), as `shown_parts` says


class HandStudio:
    """All that turns hands into samples."""

    def __init__(self, data: Path, split: str) -> None:
        body = LandmarkModel(BodyModel())
        self.scenes = HandScenes(PoseSampler(split=split), body, held_out=split == "test")
        self.renderer = DressedRenderer(data, CROP_SIZE, PART_OF_BONE)
        self.wrists = {
            side: list(self.renderer.body.bone_names).index(f"wrist.{side[0].upper()}")
            for side in ("left", "right")
        }
        self.detector = HandDetector()

    def shard(self, seed: int, count: int = SHARD) -> tuple[HandSamples, list[HandPicture]]:
        """The samples of one seed and their pictures."""
        rows, pictures = zip(*self.seen(seed, count), strict=True)
        return stacked(list(rows)), list(pictures)

    def seen(self, seed: int, count: int) -> Iterator[tuple[dict[str, Array], HandPicture]]:
        """Rows of `HandSamples` and their pictures as the detector saw them."""
        rng = np.random.default_rng(seed)
        for start in range(0, count, CHUNK):
            scenes = self.scenes.sample(rng, min(CHUNK, count - start))
            for scene, render in zip(scenes, self._renders(scenes, rng), strict=True):
                picture = as_from_photo(render.image, rng)
                wrist_cam = render.joints_cam[self.wrists[scene.side]]
                hand = self._detect(picture, scene, wrist_cam, rng)
                if hand is not None:
                    parts = shown_parts(render.parts, scene.side)
                    yield row_of(scene, wrist_cam, hand), picture_of(picture, parts, scene.side)

    def _renders(self, scenes: list[HandScene], rng: np.random.Generator) -> list[RenderedSample]:
        people = [scene.person for scene in scenes]
        looks = [self.renderer.sample_look(person.phenotypes, rng) for person in people]
        cameras = [scene.camera for scene in scenes]
        return self.renderer.render_batch(people, cameras, looks, rng)

    def _detect(
        self, picture: Array, scene: HandScene, wrist_cam: Array, rng: np.random.Generator
    ) -> HandLandmarks | None:
        camera = scene.camera
        wrist = camera.focal_px * wrist_cam[:2] / wrist_cam[2] + np.array(camera.center_px)
        told = wrist + rng.normal(0, _WRIST_NOISE * CROP_SIZE, 2)
        hands = self.detector.hands_in(picture, WHOLE, scene.side)
        return nearest_hand(hands, told.astype(np.float32), CROP_SIZE * WRIST_TOLERANCE)


def as_from_photo(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The crop (256, 256, 3) as if enlarged out of a photo in which the hand was small."""
    if rng.random() >= _COARSE:
        return image
    side = round(float(np.exp(rng.uniform(np.log(_LEAST_PX), np.log(CROP_SIZE)))))
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_LINEAR)


def picture_of(image: Array, parts: Array, side: Side) -> HandPicture:
    """Image (256, 256, 3) and part map (128, 128) as a left hand's."""
    if side == "right":
        image, parts = (np.ascontiguousarray(part[:, ::-1]) for part in (image, parts))
    return HandPicture(jpeg_of(image), png_of(parts))


def row_of(scene: HandScene, wrist_cam: Array, hand: HandLandmarks) -> dict[str, Array]:
    """One hand's truth and detection, as a left hand's."""
    camera, px, world = scene.camera, hand.landmarks_px, hand.world_m
    center = np.array(camera.center_px)
    if scene.side == "right":
        px = np.array([CROP_SIZE, 0], np.float32) + px * FLIP[:2]
        center = np.array([CROP_SIZE, 0]) + center * FLIP[:2]
        world = world * FLIP
    return {
        "fingers": scene.fingers,
        "palm": scene.palm,
        "points_cam": scene.points_cam(wrist_cam),
        "phenotypes": np.array([scene.person.phenotypes[name] for name in PHENOTYPES]),
        "focal_px": np.array(camera.focal_px),
        "center_px": center,
        "landmarks_px": px,
        "world": world,
        "confidence": np.array(hand.confidence),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=sorted(SEED_OF_SPLIT), default="train")
    parser.add_argument("--shards", type=int, default=400)
    parser.add_argument(
        "--data", type=Path, default=Path(".cache/data/base"), help="MakeHuman's clothes and hair"
    )
    parser.add_argument("--out", type=Path, default=Path(".cache/samples/hands"))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    studio = HandStudio(arguments.data, arguments.split)
    for number in range(arguments.shards):
        path = arguments.out / arguments.split / f"{number:04d}.npz"
        if path.exists():
            continue
        began = time.monotonic()
        samples, pictures = studio.shard(SEED_OF_SPLIT[arguments.split] + number)
        columns = {name: [getattr(p, name) for p in pictures] for name in ("image", "parts")}
        write_columns(columns, path)
        write_shard(samples, path)
        log.info("%s: %d hands, %.0f s", path, len(samples), time.monotonic() - began)


if __name__ == "__main__":
    main()
