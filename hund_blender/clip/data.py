# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip's result: people over time as the server found them, in one file (docs/protocol.md)."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import gcd
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..errors import ClipError

Array = npt.NDArray[Any]

FORMAT: Final = "hund-clip"
VERSION: Final = 1
REQUEST: Final = "request"  # in the header of files that the add-on keeps: how to go on
KEYPOINTS: Final = 17


@dataclass(frozen=True, eq=False)
class Track:
    """One person over F frames; one body for all of them. Camera frame: docs/conventions.md."""

    number: int
    frames: Array  # (F,) int32, ascending
    seen: Array  # (F,) bool, else filled in
    root_wxyz: Array  # (F, 4) cam_from_body
    translation_m: Array  # (F, 3) the root bone's head in the camera frame
    rotations_wxyz: Array  # (F, B, 4) relative to the parent
    phenotypes: Array  # (P,)
    facial_actions: Array  # (F, A) 0…1
    confidence: Array  # (F, B) 0…1
    box_px: Array  # (F, 4) x, y, width, height
    gravity: Array  # (3,) down in the camera frame
    floor_m: float  # height of the camera over the floor, NaN where unknown
    keypoints_cam: Array  # (F, 17, 3) COCO joints, metres, NaN where unknown
    feet_cam: Array  # (F, 2, 3, 3) left, right; ankle, heel, toe tip; metres, NaN where unknown


@dataclass(frozen=True, eq=False)
class Clip:
    """Everything about one clip. Arrays of tracks are in the order of the names here."""

    fps: float  # of the frames that came out
    width: int
    height: int
    focal_px: float
    center_px: tuple[float, float]
    rig: str
    bones: tuple[str, ...]
    phenotypes: tuple[str, ...]
    facial_actions: tuple[str, ...]
    source: str  # name of the file or folder
    tracks: tuple[Track, ...]
    request: Mapping[str, Any] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The number of the clip's first frame; if that is not known, of the first with people."""
        starts = [int(track.frames[0]) for track in self.tracks if len(track.frames)]
        return int(self.request.get("origin", min(starts, default=0)))

    @property
    def last(self) -> int:
        return max((int(track.frames[-1]) for track in self.tracks if len(track.frames)), default=0)

    @property
    def step(self) -> int:
        """How far apart the numbers of neighbouring frames are."""
        if "step" in self.request:
            return int(self.request["step"])
        steps = (int(step) for track in self.tracks for step in np.unique(np.diff(track.frames)))
        return gcd(*steps) or 1

    def track(self, number: int) -> Track:
        found = next((track for track in self.tracks if track.number == number), None)
        if found is None:
            raise ClipError(f"Person {number} is not in this clip.", "Import the clip again.")
        return found

    def phenotypes_of(self, track: Track) -> dict[str, float]:
        """By name."""
        return dict(zip(self.phenotypes, track.phenotypes.tolist(), strict=True))


# Name in the file, name here, and shape after the frames; None stands for no frames.
_PER_FRAME: Final[tuple[tuple[str, str, tuple[str | int, ...]], ...]] = (
    ("root", "root_wxyz", (4,)),
    ("translation", "translation_m", (3,)),
    ("rotations", "rotations_wxyz", ("bones", 4)),
    ("facial_actions", "facial_actions", ("facial_actions",)),
    ("confidence", "confidence", ("bones",)),
    ("box", "box_px", (4,)),
    ("keypoints", "keypoints_cam", (KEYPOINTS, 3)),
    ("feet", "feet_cam", (2, 3, 3)),
)
_MAY_BE_UNKNOWN: Final = frozenset({"keypoints", "feet", "floor"})
_HEADER: Final = ("fps", "width", "height", "focal_px", "center_px", "rig", "bones")
_NAMES: Final = ("bones", "phenotypes", "facial_actions")


def write_clip(path: Path, clip: Clip) -> None:
    write_whole(path, clip_bytes(clip))


def write_whole(path: Path, content: bytes) -> None:
    """Write the file in one go: where that fails, what was there before stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def clip_bytes(clip: Clip) -> bytes:
    header = {name: getattr(clip, name) for name in (*_HEADER, *_NAMES, "source", REQUEST)}
    header |= {"format": FORMAT, "version": VERSION, "tracks": [t.number for t in clip.tracks]}
    arrays = {"header": np.frombuffer(json.dumps(header).encode(), np.uint8)}
    for track in clip.tracks:
        arrays |= {f"track{track.number}/{key}": value for key, value in _arrays(track).items()}
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _arrays(track: Track) -> dict[str, Array]:
    arrays = {key: np.asarray(getattr(track, name), np.float32) for key, name, _ in _PER_FRAME}
    return arrays | {
        "frames": np.asarray(track.frames, np.int32),
        "seen": np.asarray(track.seen, np.uint8),
        "phenotypes": np.asarray(track.phenotypes, np.float32),
        "gravity": np.asarray(track.gravity, np.float32),
        "floor": np.array([track.floor_m], np.float32),
    }


def read_clip(path: Path) -> Clip:
    """Inverse of write_clip; ClipError says what is wrong with a file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ClipError(
            f"{path.name} cannot be read ({error.strerror}).",
            f"Put it back into {path.parent}, or import the clip again.",
        ) from error
    return parse_clip(content, path.name)


def parse_clip(content: bytes, name: str = "The result") -> Clip:
    """The clip in the bytes of a file."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        header = json.loads(arrays["header"].tobytes())
        _check_format(header)
        return _clip(header, arrays)
    except (KeyError, TypeError, ValueError, OSError, EOFError) as error:
        raise _damaged(name, error) from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> ClipError:
    return ClipError(
        f"{name} is no clip, or it is damaged ({type(error).__name__}: {error}).",
        "Import the clip again.",
    )


def _check_format(header: Mapping[str, Any]) -> None:
    found = header.get("format"), header.get("version")
    if found != (FORMAT, VERSION):
        raise ValueError(f"format {found[0]} {found[1]}, expected {FORMAT} {VERSION}")


def _clip(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> Clip:
    names: dict[str, tuple[str, ...]] = {name: tuple(map(str, header[name])) for name in _NAMES}
    sizes = {name: len(values) for name, values in names.items()}
    x, y = header["center_px"]
    fps = float(header["fps"])
    if not 0 < fps < float("inf"):
        raise ValueError(f"{fps} frames per second")
    return Clip(
        fps=fps,
        width=int(header["width"]),
        height=int(header["height"]),
        focal_px=float(header["focal_px"]),
        center_px=(float(x), float(y)),
        rig=str(header["rig"]),
        source=str(header["source"]),
        tracks=tuple(_track(int(number), arrays, sizes) for number in header["tracks"]),
        request=dict(header.get(REQUEST) or {}),
        **names,
    )


def _track(number: int, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> Track:
    def array(key: str, *shape: int) -> Array:
        found = np.asarray(arrays[f"track{number}/{key}"])
        if found.shape != shape:
            raise ValueError(f"track{number}/{key} has shape {found.shape}, expected {shape}")
        if key not in _MAY_BE_UNKNOWN and not np.isfinite(found).all():
            raise ValueError(f"track{number}/{key} has numbers that are not finite")
        return found

    frames = np.asarray(arrays[f"track{number}/frames"], np.int32)
    if frames.ndim != 1 or not (np.diff(frames) > 0).all():
        raise ValueError(f"track{number}/frames do not ascend")
    per_frame = {
        name: array(key, len(frames), *(sizes[n] if isinstance(n, str) else n for n in shape))
        for key, name, shape in _PER_FRAME
    }
    return Track(
        number=number,
        frames=frames,
        seen=array("seen", len(frames)).astype(bool),
        phenotypes=array("phenotypes", sizes["phenotypes"]),
        gravity=array("gravity", 3),
        floor_m=float(array("floor", 1)[0]),
        **per_frame,
    )
