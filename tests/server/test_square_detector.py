# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is seen where it is known that somebody is, beside the detector that searches."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from model_server.crops import cut, square_crop
from model_server.hypotheses import agreement, in_picture
from model_server.landmarks import PoseDetector, PoseLandmarks
from model_server.person_crop import VIEW_PX, level_view
from model_server.square_detector import SquareDetector
from tests.server.pictures import portrait


@pytest.fixture(scope="module")
def searched() -> PoseLandmarks:
    with PoseDetector() as detector:
        (person,) = detector.detect(portrait())
    return person


@pytest.fixture
def detector() -> Iterator[SquareDetector]:
    with closing(SquareDetector()) as detector:
        yield detector


@pytest.mark.parametrize("mirrored", [False, True])
def test_somebody_in_their_square_is_seen_as_by_a_search(
    detector: SquareDetector, searched: PoseLandmarks, mirrored: bool
) -> None:
    view = square_crop(level_view(searched.landmarks_px), VIEW_PX).turned(0, mirrored=mirrored)
    (found,) = detector.detect(cut(portrait(), view))
    assert found.mask is not None
    assert found.mask.shares.shape == (VIEW_PX, VIEW_PX)
    person = in_picture(found, view)
    assert agreement(person, searched) > 0.8
    nose = found.landmarks_px[0].astype(int)
    assert found.mask.shares[nose[1], nose[0]] > 0.5


def test_every_picture_is_answered_for_itself(
    detector: SquareDetector, searched: PoseLandmarks
) -> None:
    shown = cut(portrait(), square_crop(level_view(searched.landmarks_px), VIEW_PX))
    first = detector.detect(shown)
    assert detector.detect(np.zeros_like(shown)) == []
    again = detector.detect(shown)
    np.testing.assert_array_equal(first[0].landmarks_px, again[0].landmarks_px)
