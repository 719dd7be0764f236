# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose pixels are whose, as the detector sees it, and how well bodies cover them.

The masks are the detector's guess: of a skin-tight body nobody should expect to fill hair and loose
clothes, nor to stop where a table hides the legs. `python -m benchmarks.unusual` tells how far the
true body of rendered, dressed people is from these masks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model_server.arrays import FloatArray, ImageArray
from model_server.crops import quarters_to_upright
from model_server.hypotheses import PEER, agreement, person_box, up_px
from model_server.landmarks import PoseLandmarks
from model_server.looking import Looker
from model_server.people import rounds_of_looks

Mask = NDArray[np.bool_]  # (H, W)

ENOUGH: Final = 3  # agreeing looks
SURE: Final = 0.5


@dataclass(frozen=True)
class Cover:
    """How a body lies over a person's mask, each 0…1."""

    iou: float
    inside: float  # of the body, how much the mask has
    filled: float  # of the mask, how much the body has


def cover(body: Mask, mask: Mask) -> Cover:
    common = int((body & mask).sum())
    union = int((body | mask).sum())
    return Cover(
        common / max(union, 1), common / max(int(body.sum()), 1), common / max(int(mask.sum()), 1)
    )


def of_others(own: Mask, others: Sequence[Mask]) -> Mask:
    """Where somebody else is and this person is not seen: others are in front, or beside."""
    return np.any([np.zeros_like(own), *others], axis=0) & ~own


class MaskFinder:
    """Looks at people from near, whatever the pipeline's own looks were."""

    def __init__(self) -> None:
        self._looker = Looker(num_people=2, threads=1, with_masks=True)

    def mask(self, image: ImageArray, pose: PoseLandmarks) -> Mask | None:
        """Where the person of `pose` is in `image` (H, W, 3): what most of the looks say that
        agree with these landmarks, if any does."""
        masks: list[FloatArray] = []
        for crops in rounds_of_looks(person_box(pose), quarters_to_upright(up_px(pose))):
            for look in self._looker.look(image, crops):
                if look.mask is not None and agreement(look, pose) > PEER:
                    masks.append(look.mask.pasted((image.shape[0], image.shape[1])))
            if len(masks) >= ENOUGH:
                break
        return np.mean(masks, axis=0) > SURE if masks else None

    def close(self) -> None:
        self._looker.close()
