# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line and environment, read once, as one frozen value."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ASSETS: Final = Path(__file__).parent / "assets"
SMPLX: Final = "smplx"  # name of the body that a model file of SMPL-X becomes


def new_token() -> str:
    return secrets.token_urlsafe(32)


def some_threads() -> int:
    """Half the cores, 2…4: detectors of a thread take about 100 MB, and Blender wants cores too."""
    return min(max((os.cpu_count() or 2) // 2, 2), 4)


@dataclass(frozen=True)
class Settings:
    host: str = "127.0.0.1"  # where to listen; anything but loopback is reachable by others
    port: int = 0  # 0 takes a free one
    token: str = field(default_factory=new_token)
    exit_with_stdin: bool = False  # end when standard input closes
    allowed_hosts: tuple[str, ...] = ()  # names other than its own by which clients may call it
    threads: int = field(default_factory=some_threads)
    max_body_bytes: int = 64 * 1024 * 1024
    max_waiting: int = 16  # requests in line behind the one at work
    max_clips: int = 4  # that are remembered, waiting, at work or finished
    max_clip_bytes: int = 16 * 1024**3  # of a video file
    max_remembered: int = 64  # photos, some 30 kB for each person, that can be corrected
    detector: Path | None = None  # a whole-body network in place of our own landmarks
    descent: Path | None = None  # another method, in place of HUND that ships
    smplx: Path | None = None  # a model file of SMPL-X, for one more body
    assets: Path = ASSETS  # <rig>.npz and descent.onnx


def rigs(settings: Settings) -> list[str]:
    """Names of the bodies that there are."""
    shipped = sorted(path.stem for path in settings.assets.glob("*.npz"))
    return [*shipped, SMPLX] if settings.smplx is not None else shipped
