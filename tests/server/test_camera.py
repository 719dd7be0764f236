# SPDX-License-Identifier: GPL-3.0-or-later
import math

import numpy as np
import PIL.Image
import pytest

from model_server.camera import GivenFocal, camera_of
from model_server.errors import BadRequestError
from model_server.image import decode_photo
from tests.server.pictures import encoded, gradient


def focal_of(tags: dict[int, object], orientation: int = 1) -> float | None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8769).update(tags)
    return decode_photo(encoded(gradient(600, 400), "JPEG", exif=exif)).exif_focal_px


@pytest.mark.parametrize("orientation", [1, 6])
def test_full_frame_equivalent_goes_by_the_diagonal(orientation: int) -> None:
    expected = 50 / math.hypot(36, 24) * math.hypot(600, 400)
    assert focal_of({0xA405: 50}, orientation) == pytest.approx(expected)


def test_sensor_resolution_survives_a_resize() -> None:
    # 6000 pixels on 36 mm, 35 mm lens, since scaled to 600 pixels
    tags = {0x920A: 35.0, 0xA20E: 6000 / 3.6, 0xA210: 3, 0xA002: 6000}
    assert focal_of(tags) == pytest.approx(35 / 36 * 600, rel=1e-3)


@pytest.mark.parametrize("tags", [{}, {0xA405: 0}, {0xA405: 60000}, {0x920A: 35.0}, {0xA405: "x"}])
def test_what_makes_no_sense_is_not_used(tags: dict[int, object]) -> None:
    try:
        assert focal_of(tags) is None
    except (TypeError, ValueError):
        pytest.skip("cannot be written")


def test_the_user_knows_best_then_the_file() -> None:
    assert camera_of(640, 480, 700, GivenFocal(px=800)).source == "given"
    assert camera_of(640, 480, 700).focal_px == 700
    default = camera_of(480, 640)
    assert (default.source, default.focal_px, default.center_px) == ("default", 768, (240, 320))


def test_a_full_frame_lens_is_given_by_the_diagonal() -> None:
    assert camera_of(360, 240, given=GivenFocal(mm_35=50)).focal_px == pytest.approx(500)
    assert camera_of(360, 240, given=GivenFocal(px=9, mm_35=50)).focal_px == 9


@pytest.mark.parametrize("focal_px", [0, -3, math.nan, math.inf])
def test_an_impossible_focal_length_is_refused(focal_px: float) -> None:
    with pytest.raises(BadRequestError):
        camera_of(640, 480, None, GivenFocal(px=focal_px))


def test_projection() -> None:
    camera = camera_of(640, 480, None, GivenFocal(px=500))
    points = np.array([[0, 0, 2], [1, -1, 5]], np.float32)
    np.testing.assert_allclose(camera.project(points), [[320, 240], [420, 140]])
