# SPDX-License-Identifier: GPL-3.0-or-later
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_server.crops import (
    Box,
    Crop,
    apply_affine,
    camera_turn,
    crop_from_image,
    cut,
    image_from_crop,
    overlap,
    paste_mask,
    quarters_to_upright,
    square_crop,
)
from tests.server.pictures import gradient

crops = st.builds(
    Crop,
    left=st.integers(-500, 500),
    top=st.integers(-500, 500),
    side=st.integers(2, 2000),
    size=st.integers(2, 512),
    quarter_turns=st.integers(0, 3),
    mirrored=st.booleans(),
)
WAYS = list(itertools.product(range(4), (False, True)))


@given(crops, st.tuples(st.floats(0, 512), st.floats(0, 512)))
def test_there_and_back_again(crop: Crop, point: tuple[float, float]) -> None:
    start = np.array(point, np.float32)
    there = apply_affine(image_from_crop(crop), start)
    back = apply_affine(crop_from_image(crop), there)
    np.testing.assert_allclose(back, start, atol=0.02 * max(1, 1 / crop.scale))


@given(crops)
def test_corners_map_to_corners(crop: Crop) -> None:
    corners = np.array([[0, 0], [crop.size, 0], [0, crop.size], [crop.size, crop.size]], np.float32)
    mapped = apply_affine(image_from_crop(crop), corners)
    assert mapped.min(axis=0) == pytest.approx([crop.left, crop.top], abs=0.01)
    right, bottom = crop.left + crop.side, crop.top + crop.side
    assert mapped.max(axis=0) == pytest.approx([right, bottom], abs=0.01)


@given(crops)
def test_camera_turn_is_orthogonal_and_knows_mirrors(crop: Crop) -> None:
    turn = camera_turn(crop)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-5)
    assert np.linalg.det(turn) == pytest.approx(-1 if crop.mirrored else 1, abs=1e-5)


@pytest.mark.parametrize(("turns", "mirrored"), WAYS)
def test_pixels_go_where_the_map_says(turns: int, mirrored: bool) -> None:
    image = gradient(40, 40)
    crop = Crop(0, 0, 40, 40, turns, mirrored)
    shown = cut(image, crop)
    for u, v in [(3, 5), (30, 8), (21, 37)]:
        x, y = apply_affine(image_from_crop(crop), np.array([u + 0.5, v + 0.5], np.float32))
        np.testing.assert_array_equal(shown[v, u], image[int(y), int(x)])


def test_a_crop_is_black_outside_of_the_picture() -> None:
    shown = cut(np.full((20, 20, 3), 255, np.uint8), Crop(-10, -10, 40, 40))
    assert shown[:10].max() == 0
    assert shown[10:30, 10:30].min() == 255
    assert cut(np.full((20, 20, 3), 255, np.uint8), Crop(100, 100, 40, 40)).max() == 0


@pytest.mark.parametrize(("turns", "mirrored"), WAYS)
def test_masks_return_to_their_place(turns: int, mirrored: bool) -> None:
    mask = np.zeros((50, 70), np.float32)
    mask[12:30, 20:28] = 1
    crop = Crop(10, 5, 40, 40, turns, mirrored)
    seen = cut(np.repeat((mask * 255).astype(np.uint8)[..., None], 3, axis=2), crop)
    back = paste_mask(seen[..., 0].astype(np.float32) / 255, crop, mask.shape)
    np.testing.assert_allclose(back, mask, atol=1e-6)


def test_a_mask_reaches_no_further_than_its_crop() -> None:
    pasted = paste_mask(np.ones((16, 16), np.float32), Crop(-8, 4, 16, 16), (12, 30))
    assert pasted.sum() == 8 * 8
    assert pasted[4:, :8].min() == 1


@pytest.mark.parametrize(
    ("up", "turns"), [((0, -1), 0), ((1, 0), 1), ((0, 1), 2), ((-1, 0), 3), ((0.5, -1), 0)]
)
def test_turning_a_crop_upright(up: tuple[float, float], turns: int) -> None:
    assert quarters_to_upright(np.array(up, np.float32)) == turns
    crop = Crop(0, 0, 100, 100, turns)
    shown = crop_from_image(crop)[:, :2] @ np.array(up)
    assert shown[1] < -0.5


def test_overlap_of_boxes() -> None:
    box = Box(0, 0, 10, 10)
    assert overlap(box, box) == pytest.approx(1)
    assert overlap(box, Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert overlap(box, Box(20, 0, 10, 10)) == 0


def test_a_square_crop_holds_its_box() -> None:
    crop = square_crop(Box(10, 20, 30, 60), 64)
    assert crop.side == 60
    assert (crop.left, crop.top) == (-5, 20)
