# SPDX-License-Identifier: GPL-3.0-or-later
import io
from contextlib import suppress

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_server import errors
from model_server.image import decode_photo, upright_jpeg
from tests.server.pictures import encoded, gradient

HEIC = b"\0\0\0\x18ftypheic" + b"\0" * 100


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_equals_turned_pixels(orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    image = PIL.Image.fromarray(gradient())
    image.getexif()[0x0112] = orientation
    photo = decode_photo(encoded(gradient(), exif=exif))
    expected = np.array(PIL.ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(photo.pixels, expected)
    assert (photo.height, photo.width) == expected.shape[:2]
    assert photo.as_stored == (orientation == 1)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_jpeg_for_programs_that_ignore_exif(orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    stored = encoded(gradient(), "JPEG", exif=exif, quality=95)
    made = PIL.Image.open(io.BytesIO(upright_jpeg(stored)))
    assert made.format == "JPEG"
    assert dict(made.getexif()) == {}
    np.testing.assert_allclose(np.array(made), decode_photo(stored).pixels, atol=12)


def test_formats_that_few_programs_read_are_not_shown_as_stored() -> None:
    assert decode_photo(encoded(gradient(), "PNG")).as_stored
    assert not decode_photo(encoded(gradient(), "GIF")).as_stored
    assert PIL.Image.open(io.BytesIO(upright_jpeg(encoded(gradient(), "GIF")))).size == (60, 40)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "CMYK", "F", "I"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "GIF"])
def test_every_mode_becomes_rgb(mode: str, kind: str) -> None:
    image = PIL.Image.fromarray(gradient()).convert(mode)
    try:
        content = encoded(image, kind)
    except (OSError, ValueError):
        pytest.skip(f"no {mode} in {kind}")
    pixels = decode_photo(content).pixels
    assert pixels.shape == (40, 60, 3)
    assert pixels.dtype == np.uint8
    assert pixels.std() > 20


def test_sixteen_bits_keep_their_range() -> None:
    deep = np.linspace(0, 65535, 2400).astype(np.uint16).reshape(40, 60)
    pixels = decode_photo(encoded(PIL.Image.fromarray(deep))).pixels
    np.testing.assert_allclose(pixels[..., 0], deep / 257, atol=1)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_is_white(mode: str) -> None:
    clear = PIL.Image.new("RGBA", (8, 8), (10, 20, 30, 0))
    image = clear.convert("LA") if mode == "LA" else clear
    options = {}
    if mode == "P":
        image, options = PIL.Image.new("P", (8, 8), 3), {"transparency": 3}
        image.putpalette(range(30))
    assert decode_photo(encoded(image, "PNG", **options)).pixels.min() == 255


def test_an_animation_shows_its_first_frame() -> None:
    frames = [PIL.Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert tuple(decode_photo(content).pixels[0, 0]) == (255, 0, 0)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", errors.NotAnImageError),
        (b"this is a text file\n" * 30, errors.NotAnImageError),
        (HEIC, errors.UnsupportedFormatError),
        (b"\0\0\0\x18ftypisom" + b"\0" * 50, errors.UnsupportedFormatError),
        (b"%PDF-1.7\n", errors.UnsupportedFormatError),
        (b"<?xml version='1.0'?><svg></svg>", errors.UnsupportedFormatError),
        (b"8BPS\0\1", errors.UnsupportedFormatError),
    ],
)
def test_what_is_no_photo_is_told_apart(content: bytes, error: type[errors.HundError]) -> None:
    with pytest.raises(error) as raised:
        decode_photo(content)
    assert raised.value.remedy


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_truncated_file_is_damaged(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    content = encoded(noise, kind)
    with pytest.raises(errors.DamagedImageError):
        decode_photo(content[: int(len(content) * share)])


@pytest.mark.filterwarnings("ignore:.*EXIF.*:UserWarning", "ignore:Truncated File:UserWarning")
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0"]),
)
def test_any_bytes_are_refused_politely(content: bytes, start: bytes) -> None:
    refusals = (
        errors.NotAnImageError,
        errors.UnsupportedFormatError,
        errors.DamagedImageError,
        errors.TooLargeError,
    )
    with suppress(*refusals):
        decode_photo(start + content)


def test_a_large_photo_is_worked_on_small_and_reported_large() -> None:
    photo = decode_photo(encoded(PIL.Image.new("RGB", (6000, 4000)), "JPEG"))
    assert (photo.width, photo.height) == (6000, 4000)
    assert max(photo.pixels.shape) <= 2048
    assert photo.scale == pytest.approx(6000 / photo.pixels.shape[1])


def test_a_huge_photo_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(errors.TooLargeError, match="20000 x 20000"):
        decode_photo(encoded(PIL.Image.new("1", (20000, 20000))))
