# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture and somebody's landmarks to body parts, a second opinion and features of the crop."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from model_server.arrays import ImageArray
from model_server.crops import Crop, cut, square_crop
from model_server.landmarks import PersonLandmarks, PictureReading
from model_server.person_crop import CROP_PX, person_square
from model_server.session import open_session

_OUTPUTS: Final = ("features", "parts", "heat", "heat_trust")


class PictureReader:
    """The image encoder, exported. Safe to use from several threads."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        self._session: Any = open_session(path, threads)

    def read(self, image: ImageArray, people: Sequence[PersonLandmarks]) -> list[PersonLandmarks]:
        """People in `image` (H, W, 3) with what their pictures tell; their best looks tell where
        they are.
        """
        if not people:
            return []
        crops = [square_of(person) for person in people]
        places = [
            (person.pose.landmarks_px - np.array([crop.left, crop.top])) / crop.side
            for person, crop in zip(people, crops, strict=True)
        ]
        feed = {
            "image": np.stack([cut(image, crop) for crop in crops]),
            "mask": np.stack(
                [_mask(person, image, c) for person, c in zip(people, crops, strict=True)]
            ),
            "landmarks": np.stack(places).astype(np.float32),
            "visibility": np.stack([person.pose.visibility for person in people]),
        }
        answers = self._session.run(list(_OUTPUTS), feed)
        return [
            replace(person, reading=_reading(crop, *(answer[i] for answer in answers)))
            for i, (person, crop) in enumerate(zip(people, crops, strict=True))
        ]


def square_of(person: PersonLandmarks) -> Crop:
    """What the encoder sees of somebody."""
    return square_crop(person_square(person.pose.landmarks_px, person.pose.visibility), CROP_PX)


def _mask(person: PersonLandmarks, image: ImageArray, crop: Crop) -> ImageArray:
    """The detector's person mask (C, C) of the crop; empty where none was asked for."""
    mask = person.pose.mask
    if mask is None:
        return np.zeros((CROP_PX, CROP_PX), np.uint8)
    whole = cv2.resize((255 * mask).astype(np.uint8), image.shape[1::-1])
    return cut(whole, crop)


def _reading(crop: Crop, features: Any, parts: Any, heat: Any, heat_trust: Any) -> PictureReading:
    corner = np.array([crop.left, crop.top, crop.side], np.float32)
    return PictureReading(
        features=features,
        parts=parts,
        crop_px=corner,
        heat_px=corner[:2] + corner[2] * heat,
        heat_trust=heat_trust,
    )
