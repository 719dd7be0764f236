# SPDX-License-Identifier: GPL-3.0-or-later
"""What is needed to teach an encoder; hands and faces each have their own."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from torch import Tensor

from model_server.learning.details.crops import DetailCrops, DetailPictures
from model_server.learning.encoder.crop_encoder import CropContents, Encoded


class Lesson(Protocol):
    """Pictures, and what the encoder is to say of them."""

    @property
    def contents(self) -> CropContents: ...
    @property
    def pictures(self) -> DetailPictures: ...

    @property
    def mirror(self) -> list[int] | None:
        """Each landmark's partner in a mirror; None where mirror images are never seen."""
        ...

    def drawn(self, rows: np.ndarray, rng: np.random.Generator | None) -> tuple[DetailCrops, Any]:
        """Some of the pictures, and the answers to them; with a generator augmented."""
        ...

    def terms(self, encoded: Encoded, answers: Any) -> dict[str, Tensor]:
        """How far an encoder is off, as scalars."""
        ...
