# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny videos whose frames tell their own number, and the boxes of MP4 files to change."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from model_server.arrays import ImageArray

SIZE = (128, 64)  # width, height
_BITS = 8
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def picture(number: int) -> ImageArray:
    """RGB with `number` in binary: eight columns, dark or light; the upper half is red."""
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for bit in range(_BITS):
        if number >> bit & 1:
            image[:, bit * SIZE[0] // _BITS : (bit + 1) * SIZE[0] // _BITS] = 200
    image[: SIZE[1] // 2, :, 0] = 255
    return image


def number_in(image: ImageArray) -> int:
    """What `picture` wrote, read in the lower half."""
    height, width = image.shape[:2]
    row = image[3 * height // 4, :, 1]
    return sum(int(row[(2 * b + 1) * width // (2 * _BITS)] > 100) << b for b in range(_BITS))


def write_video(path: Path, count: int, fps: float = 25.0, code: str = "mp4v") -> Path:
    """`count` frames that show 0, 1, 2, …"""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), fps, SIZE)
    assert writer.isOpened()
    for number in range(count):
        writer.write(np.ascontiguousarray(picture(number)[..., ::-1]))
    writer.release()
    return path


def rotated(path: Path) -> Path:
    """The same MP4 saying that it is to be turned clockwise by a quarter."""

    def turn(name: bytes, body: bytes) -> bytes:
        if name != b"tkhd":
            return body
        matrix = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
        return body[:40] + matrix + body[76:]

    path.write_bytes(_changed(path.read_bytes(), turn))
    return path


def with_durations(path: Path, durations: list[int]) -> Path:
    """The same MP4 whose frames last so many of its units of time each: a variable frame rate. The
    sum must stay, since the file's edit list shows no more.
    """

    def retime(name: bytes, body: bytes) -> bytes:
        if name != b"stts":
            return body
        entries = b"".join(struct.pack(">II", 1, duration) for duration in durations)
        return struct.pack(">II", 0, len(durations)) + entries

    path.write_bytes(_changed(path.read_bytes(), retime))
    return path


def _changed(content: bytes, change: Callable[[bytes, bytes], bytes]) -> bytes:
    """MP4 boxes with some bodies changed; the index must come after the frames."""
    changed = b""
    for name, body in _boxes(content):
        new = _changed(body, change) if name in _CONTAINERS else change(name, body)
        changed += struct.pack(">I4s", len(new) + 8, name) + new
    return changed


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    while content:
        size, name = struct.unpack(">I4s", content[:8])
        yield name, content[8:size]
        content = content[size:]
