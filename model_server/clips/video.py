# SPDX-License-Identifier: GPL-3.0-or-later
"""A video file to frames, one by one: upright, at their own times, however long the file is.

OpenCV brings ffmpeg's decoders, and turns frames upright by the file's rotation when asked to.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final

import cv2

from model_server.arrays import ImageArray
from model_server.clips.source import ClipInfo, Frame, Problem
from model_server.clips.timeline import FIRST_NUMBER, Timeline, Wanted
from model_server.errors import DamagedClipError, HundError, NotAClipError

_WORK_SIZE: Final = 2048  # pixels of the longer side, as for photos
_CREDIBLE_FPS: Final = (1.0, 250.0)
_USUAL_FPS: Final = 30.0  # where a file does not tell
_LOOSE_COUNT: Final = 0.01  # of a file's frames, and two: headers may be off by so many

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what matters is told as problems

# How the files of videos begin, and from which byte. Nothing else is opened: ffmpeg also knows
# playlists, which can refer to other files.
_BEGINNINGS: Final = (
    *((4, box) for box in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),  # MP4, MOV
    (0, b"\x1a\x45\xdf\xa3"),  # Matroska, WebM
    (8, b"AVI "),
    (0, b"OggS"),
    (0, b"FLV"),
    (0, b"\x30\x26\xb2\x75"),  # WMV
    (0, b"\x06\x0e\x2b\x34"),  # MXF
    (0, b"GIF8"),
    (0, b"\0\0\x01\xba"),  # MPEG
    (0, b"\0\0\x01\xb3"),
    (0, b"\x47"),  # MPEG transport streams, of cameras and of Blu-ray discs
    (4, b"\x47"),
)


class VideoSource:
    """The wanted frames of a video file."""

    def __init__(self, path: Path, wanted: Wanted, *, name: str | None = None) -> None:
        self._name = name or path.name
        self._capture = _opened(path, self._name)
        self._stopped = Event()
        first = self._shown() if self._capture.grab() else None
        if first is None:
            self._capture.release()
            raise _damaged(self._name)
        self._waiting = True  # the frame that was grabbed to learn its size
        told = float(self._capture.get(cv2.CAP_PROP_FPS))
        low, high = _CREDIBLE_FPS
        self._own_rate = told if low <= told <= high else _USUAL_FPS
        self._wanted = wanted
        start = max(wanted.first or FIRST_NUMBER, FIRST_NUMBER)
        self._timeline = Timeline(start, wanted.step, wanted.fps or self._own_rate)
        self._told = max(int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
        height, width = first.shape[:2]
        self.info = ClipInfo(
            self._name, width, height, self._timeline.fps, wanted.step, self._expected()
        )

    def __iter__(self) -> Iterator[Frame | Problem]:
        """Of the source's frames that belong to one number the nearest, once the next has begun."""
        nearest: Frame | None = None
        for place in self._places():
            number = self._timeline.number(place)
            if nearest is not None and number > nearest.number:
                yield nearest
                nearest = None
            if nearest is None or abs(place - number) < abs(nearest.place - number):
                pixels = self._shown()
                if pixels is not None:
                    nearest = _frame(number, place, pixels)
        if nearest is not None and nearest.place > nearest.number - self._half_a_frame:
            yield nearest
        if self._ended_early():
            yield Problem(self._decoded + FIRST_NUMBER, _cut_off(self._decoded, self._told))

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._capture.release()

    def _places(self) -> Iterator[float]:
        """Where the wanted frames stand, the file's next one being ready to be shown."""
        self._decoded = 0
        start = (self._timeline.first - FIRST_NUMBER) / self._own_rate
        for seconds in self._times():
            self._decoded += 1
            number = FIRST_NUMBER + round(seconds * self._own_rate)
            if self._wanted.last is not None and number > self._wanted.last:
                self._told = 0  # nothing is missing
                return
            if self._wanted.covers(number):
                yield self._timeline.place(seconds - start)

    def _times(self) -> Iterator[float]:
        """When each frame of the file is shown, in seconds; files without times are even."""
        last = None
        while not self._stopped.is_set() and self._grabbed():
            seconds = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if last is not None and seconds <= last:
                seconds = last + 1 / self._own_rate
            yield seconds
            last = seconds

    def _grabbed(self) -> bool:
        if self._waiting:
            self._waiting = False
            return True
        return bool(self._capture.grab())

    def _shown(self) -> ImageArray | None:
        """The frame that was grabbed, RGB."""
        shown, pixels = self._capture.retrieve()
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) if shown else None  # type: ignore[return-value]

    @property
    def _half_a_frame(self) -> float:
        """Of the source, on the time line; what is asked for later is after its end."""
        return self._timeline.rate / self._own_rate / 2 + 1e-6

    def _ended_early(self) -> bool:
        missing = self._told - self._decoded
        return not self._stopped.is_set() and missing > 2 + _LOOSE_COUNT * self._told

    def _expected(self) -> int:
        """Not more than the source has: what lies between is filled in when all is seen."""
        own = min(self._told, self._wanted.last or self._told) - self._timeline.first
        count = self._timeline.count((own + 0.5) / self._own_rate - 1e-6)
        return max(min(count, own + 1), 0)


def _frame(number: int, place: float, pixels: ImageArray) -> Frame:
    scale = max(max(pixels.shape[:2]) / _WORK_SIZE, 1.0)
    if scale > 1:
        height, width = (round(side / scale) for side in pixels.shape[:2])
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return Frame(number, place, pixels, scale)


def _opened(path: Path, name: str) -> cv2.VideoCapture:
    if not path.is_file():
        raise NotAClipError(f"There is no file {path}.", "Check the name.")
    with path.open("rb") as file:
        begins = file.read(16)
    if not any(begins[at:].startswith(start) for at, start in _BEGINNINGS):
        raise NotAClipError(f"{name} is not a video.", "Choose an MP4, MOV, MKV, WebM or AVI file.")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise _damaged(name)
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def _damaged(name: str) -> HundError:
    return DamagedClipError(
        f"{name} is no video that can be read, or its end is missing.",
        "Copy it again, or convert it to MP4 (H.264) or to numbered images.",
    )


def _cut_off(decoded: int, told: int) -> HundError:
    return DamagedClipError(
        f"The video ends after {decoded} of its {told} frames: the rest is missing or damaged.",
        "What was read is kept. Copy or export the video again for the rest.",
    )
