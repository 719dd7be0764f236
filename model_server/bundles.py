# SPDX-License-Identifier: GPL-3.0-or-later
"""Model bundles for mediapipe's Tasks, made from the bare networks that its wheel carries.

The wheel has the networks but not the `.task` bundles, which its documentation has one download. A
bundle is a zip of a detector and a landmarker, each with metadata that says how pixels are
normalised; mediapipe's own writers make both. Bundles are built once and kept in a cache folder.
"""

import logging
import os
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from model_server.errors import InternalError

logger = logging.getLogger(__name__)

_FORMAT: Final = 1  # raise it when the way bundles are built changes


@dataclass(frozen=True)
class _Part:
    entry: str  # file name inside the bundle, fixed by mediapipe
    source: str  # path inside mediapipe's `modules` folder
    mean: float  # pixels are fed as (value - mean) / std
    std: float


_BUNDLES: Final[dict[str, tuple[_Part, ...]]] = {
    "pose": (
        _Part("pose_detector.tflite", "pose_detection/pose_detection.tflite", 127.5, 127.5),
        _Part("pose_landmarks_detector.tflite", "pose_landmark/pose_landmark_full.tflite", 0, 255),
    ),
    "hand": (
        _Part("hand_detector.tflite", "palm_detection/palm_detection_full.tflite", 0, 255),
        _Part("hand_landmarks_detector.tflite", "hand_landmark/hand_landmark_full.tflite", 0, 255),
    ),
}


def cache_folder() -> Path:
    """The folder for files that can be made again; the variable HUND_CACHE names another one."""
    if given := os.environ.get("HUND_CACHE"):
        return Path(given)
    return _platform_cache_folder() / "hund"


def _platform_cache_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def bundle_bytes(name: str) -> bytes:
    """The bundle `pose` or `hand`, from the cache or built now.

    Bytes and no path, since mediapipe trips over some paths on Windows.
    """
    path = cache_folder() / f"{name}-mediapipe-{metadata.version('mediapipe')}-{_FORMAT}.task"
    if path.is_file() and zipfile.is_zipfile(path):
        return path.read_bytes()
    content = _build(_BUNDLES[name])
    keep(path, content)
    return content


def keep(path: Path, content: bytes) -> None:
    """Write in one step, so that nobody reads half a file; do without where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as partial:
            partial.write(content)
        Path(partial.name).replace(path)
    except OSError as error:
        logger.warning("cannot keep %s: %s", path, error)


def _build(parts: tuple[_Part, ...]) -> bytes:
    from mediapipe.tasks.python.metadata.metadata_writers import model_asset_bundle_utils

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle.task"
        models = {part.entry: _with_metadata(part) for part in parts}
        model_asset_bundle_utils.create_model_asset_bundle(models, str(path))
        return path.read_bytes()


def _with_metadata(part: _Part) -> bytes:
    """The bare network with its input normalisation written into it."""
    from mediapipe.tasks.python.metadata.metadata_writers import metadata_writer

    writer = metadata_writer.MetadataWriter.create(bytearray(network_in_wheel(part.source)))
    writer.add_general_info(part.entry, "from the mediapipe wheel")
    writer.add_image_input([part.mean], [part.std])
    content, _ = writer.populate()
    return bytes(content)


def network_in_wheel(source: str) -> bytes:
    """A network that mediapipe's wheel carries, by its path inside the `modules` folder."""
    import mediapipe

    path = Path(mediapipe.__file__).parent / "modules" / source
    if not path.is_file():
        raise InternalError(
            f"mediapipe {metadata.version('mediapipe')} does not carry {source}",
            "Install exactly the versions in requirements/server.txt.",
        )
    return path.read_bytes()
