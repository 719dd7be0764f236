# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples as the exported networks and what follows them are asked about people."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from model_server.crops import Crop
from model_server.learning.samples.pictures import Picture, decode, read_pictures
from model_server.learning.samples.store import shard_paths
from model_server.learning.training.batch import People
from model_server.session import Evidence
from model_server.silhouettes import Contour, Mask, contour_of

MASK_PX: Final = 256  # of masks at run time


def evidence_of(people: People) -> Evidence:
    seen = vars(people.detection) | vars(people.reading)
    return Evidence(**{field.name: seen[field.name].numpy() for field in fields(Evidence)})


def contours_of(folder: Path) -> list[Contour]:
    """The lines around the detector's masks of all people of a folder."""
    return [_contour(picture) for path in shard_paths(folder) for picture in read_pictures(path)]


def _contour(picture: Picture) -> Contour:
    image, _, mask = decode(picture)
    height, width = image.shape[:2]
    shares = cv2.resize(mask, (MASK_PX, MASK_PX)).astype(np.float32) / 255
    return contour_of(Mask(shares, Crop(0, 0, height, MASK_PX)), (height, width))
