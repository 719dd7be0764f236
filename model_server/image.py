# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes to pixels: any photo a person may drop, upright, as RGB."""

import io
import struct
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import PIL.Image
import PIL.ImageFile

from model_server.arrays import ImageArray
from model_server.camera import exif_focal_px
from model_server.errors import (
    DamagedImageError,
    HundError,
    NotAnImageError,
    TooLargeError,
    UnsupportedFormatError,
)

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM")
_WORK_SIZE: Final = 2048  # pixels of the longer side; landmarks gain nothing from more
_MAX_PIXELS: Final = 64_000_000  # decoded in full
_MAX_JPEG_PIXELS: Final = 400_000_000  # baseline JPEGs are decoded at a fraction of it
_MAX_SIDE: Final = 65_500
_BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)
_USE_JPEG: Final = "Save it as JPEG or PNG and try again."

# The bounds above are checked on the header of every file, so Pillow's own bound is not needed.
PIL.Image.MAX_IMAGE_PIXELS = None
PIL.Image.init()  # else it learns formats only when a first file needs them
_READABLE: Final = [name for name in _FORMATS if name in PIL.Image.OPEN]


@dataclass(frozen=True)
class Photo:
    """A decoded photo. `width` and `height` are the original's; `pixels` may be fewer."""

    pixels: ImageArray  # (h, w, 3)
    width: int
    height: int
    exif_focal_px: float | None  # in pixels of the original
    as_stored: bool = True  # false where programs that ignore EXIF show the file otherwise, or not

    @property
    def scale(self) -> float:
        """Pixels of the original per pixel of `pixels`."""
        return max(self.width, self.height) / max(self.pixels.shape[:2])


def decode_photo(content: bytes) -> Photo:
    """The photo in `content`: upright by its EXIF, on white where transparent, the first frame."""
    image = _opened(content)
    stored = image.size
    _check_size(image)
    with _damage_told():
        exif = image.getexif()
        image.draft("RGB", (_WORK_SIZE, _WORK_SIZE))
        image.load()
        focal_px = exif_focal_px(exif, stored)
        pixels = np.array(_shrunk(_rgb(image)), np.uint8)
    upright = _upright(pixels, _orientation(exif))
    width, height = stored if upright.shape == pixels.shape else reversed(stored)
    as_stored = _orientation(exif) == _UPRIGHT and image.format in _COMMON
    return Photo(upright, width, height, focal_px, as_stored)


def upright_jpeg(content: bytes) -> bytes:
    """The photo in `content` as a JPEG that every program shows upright, at its full size but for
    the largest ones.
    """
    image = _opened(content)
    _check_size(image)
    width, height = image.size
    with _damage_told():
        exif = image.getexif()
        if width * height > _MAX_PIXELS:
            image.draft("RGB", (width // 2, height // 2))
        pixels = _upright(np.array(_rgb(image), np.uint8), _orientation(exif))
        profile = image.info.get("icc_profile") if image.mode == "RGB" else None
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "JPEG", quality=_QUALITY, icc_profile=profile)
    return file.getvalue()


_COMMON: Final = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "JPEG2000")  # Blender reads these
_QUALITY: Final = 95
_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = 1


def _orientation(exif: PIL.Image.Exif) -> object:
    orientation: object = exif.get(_ORIENTATION, _UPRIGHT)
    return orientation if orientation in _TURNS_OF_ORIENTATION else _UPRIGHT


def _upright(pixels: ImageArray, orientation: object) -> ImageArray:
    """Pixels as they are meant to be seen, by the eight orientations of EXIF."""
    turns, mirrored = _TURNS_OF_ORIENTATION.get(orientation, (0, False))
    turned = np.rot90(pixels, turns)
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


_TURNS_OF_ORIENTATION: Final[dict[object, tuple[int, bool]]] = {
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (3, True),
    6: (3, False),
    7: (1, True),
    8: (1, False),
}


def _opened(content: bytes) -> PIL.ImageFile.ImageFile:
    try:
        return PIL.Image.open(io.BytesIO(content), formats=_READABLE)
    except PIL.UnidentifiedImageError as error:
        raise _unidentified(content) from error
    except _BROKEN as error:
        raise _damaged(error) from error


def _unidentified(content: bytes) -> HundError:
    if kind := _known_kind(content):
        return UnsupportedFormatError(f"This is {kind}, which cannot be read.", _USE_JPEG)
    if any(content.startswith(start) for start in _STARTS_OF_FORMATS):
        return DamagedImageError("The image file is damaged.", "Export or download it again.")
    return NotAnImageError("This is not an image file.", "Choose a photo, such as a JPEG or PNG.")


_STARTS_OF_FORMATS: Final = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8")
_STARTS_OF_OTHERS: Final = {
    b"%PDF": "a PDF document",
    b"8BPS": "a Photoshop document",
    b"%!PS": "a PostScript file",
    b"gimp xcf": "a GIMP document",
    b"v/1\x01": "an OpenEXR picture",
    b"#?RADIANCE": "a Radiance HDR picture",
    b"BLENDER": "a Blender file",
    b"\x1aE\xdf\xa3": "a video",
    b"FUJIFILM": "a camera raw file",
    b"II*\0": "a kind of TIFF or a camera raw file",
    b"MM\0*": "a kind of TIFF or a camera raw file",
    b"\xff\x0a": "a JPEG XL picture",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture",
}


def _known_kind(content: bytes) -> str | None:
    """What a file is that is some picture, but of a format that is not read."""
    if content[4:8] == b"ftyp":
        heic = content[8:12] in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
        return "a HEIC photo" if heic else "a video"
    if b"<svg" in content[:1024].lower():
        return "an SVG drawing"
    return next(
        (kind for start, kind in _STARTS_OF_OTHERS.items() if content.startswith(start)), None
    )


def _check_size(image: PIL.ImageFile.ImageFile) -> None:
    width, height = image.size
    shrinks = image.format in ("JPEG", "MPO") and not image.info.get("progressive")
    bound = _MAX_JPEG_PIXELS if shrinks else _MAX_PIXELS
    if width * height > bound or max(width, height) > _MAX_SIDE:
        raise TooLargeError(
            f"The image has {width} x {height} pixels; {bound // 1_000_000} million can be read.",
            "Scale it down: 2000 pixels on the longer side are plenty.",
        )


@contextmanager
def _damage_told() -> Generator[None]:
    try:
        yield
    except _BROKEN as error:
        raise _damaged(error) from error


def _damaged(error: BaseException) -> DamagedImageError:
    return DamagedImageError(f"The image file is damaged: {error}", "Export or download it again.")


def _shrunk(image: PIL.Image.Image) -> PIL.Image.Image:
    """`image` with at most the working size."""
    factor = _WORK_SIZE / max(image.size)
    if factor >= 1:
        return image
    width, height = (max(round(side * factor), 1) for side in image.size)
    return image.resize((width, height), PIL.Image.Resampling.BOX)


def _rgb(image: PIL.Image.Image) -> PIL.Image.Image:
    """8-bit RGB from any mode, on white where transparent."""
    if image.mode == "RGB":
        return image
    if image.mode.startswith(("I", "F")):
        return _from_deep_grey(image).convert("RGB")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        return _on_white(image.convert("RGBA"))
    return image.convert("RGB")


def _on_white(image: PIL.Image.Image) -> PIL.Image.Image:
    white = PIL.Image.new("RGBA", image.size, (255, 255, 255, 255))
    return PIL.Image.alpha_composite(white, image).convert("RGB")


def _from_deep_grey(image: PIL.Image.Image) -> PIL.Image.Image:
    """Grey of 16 bits, or of floats in 0…1 or any other range, as grey of 8 bits."""
    values = np.nan_to_num(np.array(image, np.float32), posinf=0, neginf=0)
    if image.mode.startswith("I;16"):
        full = 65535.0
    else:
        full = next((top for top in (1.0, 255.0, 65535.0) if values.max() <= top), values.max())
    return PIL.Image.fromarray((np.clip(values / full, 0, 1) * 255 + 0.5).astype(np.uint8))
