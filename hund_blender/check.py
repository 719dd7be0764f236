# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether all works from end to end, on a picture that the add-on brings."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .client import Client
from .errors import ServerError
from .rigs import SMPLX_BODY
from .task import Watch

PICTURE: Final = Path(__file__).parent / "check.jpg"  # one person, rendered for this project

Connect = Callable[[threading.Event], Client]


def about(blender: str) -> str:
    """What a report begins with."""
    return (
        f"Blender {blender}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.release()} {platform.machine()}"
    )


def check(connect: Connect, watch: Watch) -> str:
    """Send the picture the way photos go; every step adds a line to the report."""
    watch.tell(0.1, "Starting the server")
    begin = time.monotonic()
    client = connect(watch.cancelled)
    took_s = time.monotonic() - begin
    watch.on_cancel = client.abort
    watch.tell(0.4, "Asking the server how it is")
    health = client.health()
    watch.note(f"Server {health.get('version')} at {client.address}, there after {took_s:.1f} s")
    watch.note(f"Networks run on {health.get('device')} ({', '.join(health.get('providers', []))})")
    if health.get("why_cpu"):
        watch.note(f"Not on a GPU: {health['why_cpu']}")
    if health.get("gpu"):
        gpu = health["gpu"]
        watch.note(f"{gpu['name']}: {gpu['free_mb']} of {gpu['memory_mb']} MB free")
    if health.get("detector"):
        watch.note(f"People are seen by {health['detector']}")
    watch.tell(0.5, "Fetching the body")
    watch.note(f"Body with {len(client.body().bone_names)} bones")
    if SMPLX_BODY in health.get("rigs", []):
        watch.tell(0.55, "Making a body of the SMPL-X model, once")
        body = client.body(SMPLX_BODY)
        watch.note(f"SMPL-X model: body with {len(body.bone_names)} bones, from {body.source}")
    watch.tell(0.6, "Looking at the built-in picture")
    begin = time.monotonic()
    estimate = client.estimate(PICTURE.read_bytes())
    took_s = time.monotonic() - begin
    watch.note(f"Built-in picture: {len(estimate.people)} of 1 person found in {took_s:.1f} s")
    if len(estimate.people) != 1:
        raise ServerError(
            "The server answers, but does not see the person in the built-in picture.",
            "Press “Remove” and install it again.",
        )
    watch.tell(1.0, "Everything works")
    return "Everything works."
