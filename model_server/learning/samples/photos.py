# SPDX-License-Identifier: GPL-3.0-or-later
"""People in photos and clips as samples without truth: `python -m
model_server.learning.samples.photos CLIP FOLDER… --out .cache/samples/photos`.

They are found as at run time, cut out as rendered people are, and written as the same kind of
shard, one for each source. What nobody knows of them is not a number (NaN), so that a loss which
looks at it cannot go unnoticed. `python -m model_server.learning.encoder.read --split photos` then
lets the encoder read the pictures. Photos that results are measured on must not be among them.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from model_server.camera import Camera, camera_of
from model_server.crops import Crop, cut, square_crop
from model_server.errors import HundError
from model_server.image import Photo, decode_photo
from model_server.landmarks import PoseDetector, PoseLandmarks
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.samples.people import PHENOTYPES, PICTURE_PX
from model_server.learning.samples.pictures import Picture, encode, write_pictures
from model_server.learning.samples.store import Samples, columns_of
from model_server.learning.shards import write_shard
from model_server.people import PeopleFinder
from model_server.person_crop import person_square

MARGIN: Final = 1.3  # around what the encoder will cut out
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """Somebody in a photo."""

    pose: PoseLandmarks  # in pixels of the decoded photo
    crop: Crop  # the sample's picture
    camera: Camera  # of the decoded photo
    picture: Picture

    @property
    def corner_px(self) -> np.ndarray:
        return np.array([self.crop.left, self.crop.top], np.float32)


class Observer:
    """Finds people as the run time does."""

    def __init__(self, threads: int) -> None:
        self._people = PeopleFinder(threads=threads)
        self._masks = PoseDetector(with_masks=True)

    def found(self, photo: Photo) -> list[Found]:
        """Everybody in a photo, each by the look that the others agree with."""
        height, width = photo.pixels.shape[:2]
        focal = None if photo.exif_focal_px is None else photo.exif_focal_px / photo.scale
        camera = camera_of(width, height, focal)
        people = self._people.find(photo.pixels)
        return [self._cut_out(photo, person.pose, camera) for person in people]

    def _cut_out(self, photo: Photo, pose: PoseLandmarks, camera: Camera) -> Found:
        square = person_square(pose.landmarks_px, pose.visibility)
        crop = square_crop(square.grown(MARGIN), PICTURE_PX)
        picture = cut(photo.pixels, crop)
        masks = [seen.mask.shares for seen in self._masks.detect(picture) if seen.mask is not None]
        nothing = np.zeros((PICTURE_PX, PICTURE_PX), np.float32)
        parts = nothing.astype(np.uint8)
        return Found(pose, crop, camera, encode(picture, parts, masks[0] if masks else nothing))


def samples_of(found: list[Found]) -> Samples:
    """People as samples, in pixels of their own pictures."""
    count = len(found)
    scale = np.array([person.crop.scale for person in found], np.float32)
    corners = np.stack([person.corner_px for person in found])
    seen = columns_of([person.pose for person in found])

    def unknown(*shape: int) -> np.ndarray:
        return np.full((count, *shape), np.nan, np.float32)

    centers = np.array([person.camera.center_px for person in found], np.float32)
    focal = np.array([person.camera.focal_px for person in found], np.float32)
    return Samples(
        rotations=unknown(len(POSE_BONES), 3, 3),
        phenotypes=unknown(len(PHENOTYPES)),
        translation=unknown(3),
        focal_px=focal / scale,
        center_px=(centers - corners) / scale[:, None],
        landmarks_px=(seen["landmarks_px"] - corners[:, None]) / scale[:, None, None],
        visibility=seen["visibility"],
        world=seen["world"],
        depth=seen["depth"] / scale[:, None],
    )


def photos_of(source: Path, every: int) -> Iterator[Photo]:
    """The photos of a folder, or every so many frames of a clip."""
    if source.is_dir():
        yield from readable(source)
        return
    clip = cv2.VideoCapture(str(source))
    if not clip.isOpened():
        raise FileNotFoundError(f"{source} is neither a folder nor a clip that can be read.")
    number = 0
    while clip.grab():
        if number % every == 0:
            pixels = cv2.cvtColor(clip.retrieve()[1], cv2.COLOR_BGR2RGB)
            yield Photo(pixels, pixels.shape[1], pixels.shape[0], None)
        number += 1
    clip.release()


def readable(folder: Path) -> Iterator[Photo]:
    """What in a folder is a photo."""
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        try:
            yield decode_photo(path.read_bytes())
        except HundError as error:
            log.info("%s: %s", path, error)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path, nargs="+", help="folders of photos, clips")
    parser.add_argument("--out", type=Path, default=Path(".cache/samples/photos"))
    parser.add_argument("--every", type=int, default=3, help="frames of a clip to the next one")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    observer = Observer(arguments.threads)
    for source in arguments.sources:
        found = [
            person
            for photo in photos_of(source, arguments.every)
            for person in observer.found(photo)
        ]
        path = arguments.out / f"{source.stem}.npz"
        if found:
            write_pictures([person.picture for person in found], path)
            write_shard(samples_of(found), path)
        log.info("%s: %d people", path, len(found))


if __name__ == "__main__":
    main()
