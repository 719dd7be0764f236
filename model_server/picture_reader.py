# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture and somebody's landmarks to body parts, a second opinion and features of the crop."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np

from model_server.arrays import ImageArray
from model_server.crops import Crop, cut, square_crop
from model_server.landmarks import PersonLandmarks, PictureReading, PoseDetector
from model_server.person_crop import CROP_PX, VIEW_PX, person_square, person_view
from model_server.session import open_session
from model_server.silhouettes import Mask
from model_server.squares import cut_square

_SEEN: Final = 0.5  # landmarks that are visible by more
_ELSEWHERE: Final = 0.1  # of the crop's side: one in 200 rendered people is off by more
_OUTPUTS: Final = ("features", "parts", "heat", "heat_trust")


class PictureReader:
    """The image encoder, exported, and a detector for the masks it wants where looks at people told
    none. Safe to use from several threads.
    """

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        self._session: Any = open_session(path, threads, gpu=True)
        self._masks, self._one_at_a_time = PoseDetector(with_masks=True), Lock()

    @property
    def providers(self) -> tuple[str, ...]:
        return tuple(self._session.get_providers())

    def read(self, image: ImageArray, people: Sequence[PersonLandmarks]) -> list[PersonLandmarks]:
        """People in `image` (H, W, 3) with what their pictures tell; their best looks tell where
        they are. Those are left out whom the encoder does not see there.
        """
        if not people:
            return []
        crops = [square_of(person) for person in people]
        views = [person_view(person.pose.landmarks_px) for person in people]
        places = [
            (person.pose.landmarks_px - np.array([crop.left, crop.top])) / crop.side
            for person, crop in zip(people, crops, strict=True)
        ]
        feed = {
            "image": np.stack([cut(image, crop) for crop in crops]),
            "view": np.stack([cut_square(image, view, VIEW_PX) for view in views]),
            "mask": np.stack(list(map(partial(self._mask, image), people, crops))),
            "landmarks": np.stack(places).astype(np.float32),
            "visibility": np.stack([person.pose.visibility for person in people]),
        }
        answers = self._session.run(list(_OUTPUTS), feed)
        read = [
            replace(person, reading=_reading(crop, *(answer[i] for answer in answers)))
            for i, (person, crop) in enumerate(zip(people, crops, strict=True))
        ]
        return [person for person in read if is_there(person)]

    def _mask(self, image: ImageArray, person: PersonLandmarks, crop: Crop) -> ImageArray:
        """Where somebody is in a crop (C, C), 255 is sure."""
        mask = person.mask or self._seen_in(image, replace(crop, size=VIEW_PX))
        if mask is None:
            return np.zeros((CROP_PX, CROP_PX), np.uint8)
        return (255 * mask.shown_in(crop, CROP_PX)).astype(np.uint8)

    def _seen_in(self, image: ImageArray, crop: Crop) -> Mask | None:
        """The detector's mask of whoever it finds in a crop."""
        with self._one_at_a_time:
            found = self._masks.detect(cut(image, crop))
        masks = [person.mask for person in found if person.mask is not None]
        return replace(masks[0], crop=crop) if masks else None

    def close(self) -> None:
        self._masks.close()


def square_of(person: PersonLandmarks) -> Crop:
    """What the encoder's own layers see of somebody."""
    return square_crop(person_square(person.pose.landmarks_px, person.pose.visibility), CROP_PX)


def is_there(person: PersonLandmarks) -> bool:
    """Whether the encoder sees the landmarks of somebody roughly where the detector does. They
    part where the detector takes something else, a horse perhaps, for a person.
    """
    seen = person.pose.visibility > _SEEN
    if person.reading is None or not seen.any():
        return True
    apart = np.linalg.norm(person.reading.heat_px - person.pose.landmarks_px, axis=1)
    return float(np.median(apart[seen])) < _ELSEWHERE * float(person.reading.crop_px[2])


def _reading(crop: Crop, features: Any, parts: Any, heat: Any, heat_trust: Any) -> PictureReading:
    corner = np.array([crop.left, crop.top, crop.side], np.float32)
    return PictureReading(
        features=features,
        parts=parts,
        crop_px=corner,
        heat_px=corner[:2] + corner[2] * heat,
        heat_trust=heat_trust,
    )
