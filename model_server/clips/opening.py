# SPDX-License-Identifier: GPL-3.0-or-later
"""A path to the clip that lies there."""

from pathlib import Path

from model_server.clips.sequence import folder_source
from model_server.clips.source import ClipSource
from model_server.clips.timeline import Wanted
from model_server.clips.video import VideoSource


def open_clip(path: Path, wanted: Wanted) -> ClipSource:
    """A video file, or a folder of numbered images."""
    return folder_source(path, wanted) if path.is_dir() else VideoSource(path, wanted)
