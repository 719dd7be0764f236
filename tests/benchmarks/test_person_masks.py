# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.person_masks import MaskFinder, cover, of_others
from model_server.landmarks import PoseDetector
from tests.server.pictures import portrait


def block(left: int, right: int) -> np.ndarray:
    mask = np.zeros((10, 20), bool)
    mask[:, left:right] = True
    return mask


def test_a_mask_covers_itself() -> None:
    same = cover(block(3, 9), block(3, 9))
    assert (same.iou, same.inside, same.filled) == (1, 1, 1)


def test_shares_of_a_body_that_is_half_beside_its_mask() -> None:
    half = cover(block(0, 8), block(4, 6))
    assert (half.iou, half.inside, half.filled) == (0.25, 0.25, 1)
    assert cover(block(0, 4), block(4, 8)).iou == 0
    assert cover(block(0, 0), block(0, 0)).iou == 0


def test_who_is_seen_hides_what_is_behind_but_not_the_one_in_front() -> None:
    own, neighbour = block(4, 8), block(6, 12)
    np.testing.assert_array_equal(of_others(own, [neighbour]), block(8, 12))
    assert not of_others(own, []).any()
    reaching = block(4, 12)  # behind the neighbour
    apart = cover(reaching & ~of_others(own, [neighbour]), own)
    assert cover(reaching, own).iou == 0.5
    assert apart.iou == 1


@pytest.mark.slow
def test_the_mask_of_a_portrait() -> None:
    with PoseDetector() as detector:
        (pose,) = detector.detect(portrait())
    finder = MaskFinder()
    mask = finder.mask(portrait(), pose)
    elsewhere = replace(pose, landmarks_px=pose.landmarks_px * np.float32(0.2))
    nobody = finder.mask(portrait(), elsewhere)
    finder.close()
    assert mask is not None
    assert mask.shape == portrait().shape[:2]
    x, y = pose.landmarks_px[0].astype(int)
    assert mask[y, x]
    assert not mask[:40, :40].any()
    assert nobody is None
