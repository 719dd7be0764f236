# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks the clips' part of docs/protocol.md: a clip in, people as they are found, a result out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

from ..client import JSON, Address, Client
from ..errors import ClipError, ServerError
from .data import Clip, parse_clip

QUIET_S: Final = 600.0  # the pass over a long clip says nothing for a while


@dataclass(frozen=True)
class ClipRequest:
    """What is asked of a clip; frame numbers are those of the source, both ends included."""

    fps: float | None = None  # None: the source's own
    first: int | None = None
    last: int | None = None
    step: int = 1
    max_people: int = 4
    focal_px: float | None = None
    focal_35mm: float | None = None
    hands: bool = True
    face: bool = True

    def from_frame(self, number: int) -> ClipRequest:
        """What is left when frames before this one are done."""
        return replace(self, first=number)


@dataclass(frozen=True)
class Event:
    """One of the server's events; `number` says where to go on after it."""

    number: int
    kind: str  # opened, frame, problem, refined, done
    data: Mapping[str, Any]


class ClipClient(Client):
    """One conversation about one clip."""

    lost_remedy = "What was done is kept. Press Resume to go on; the server starts anew."

    def __init__(self, address: Address) -> None:
        super().__init__(address, QUIET_S)

    def open(self, request: ClipRequest, frames: Sequence[int] | None) -> str:
        """The name of a new clip; with the numbers of the images that will be sent, if any."""
        asked = asdict(request) | {"frames": None if frames is None else list(frames)}
        answer = self._request("POST", "/clips", json.dumps(asked).encode(), JSON)
        with _telling():
            return str(json.loads(answer)["id"])

    def send_movie(self, clip: str, movie: Path) -> None:
        try:
            file = movie.open("rb")
        except OSError as error:
            raise ClipError(
                f"{movie.name} cannot be read ({error.strerror}).", "Check that it still exists."
            ) from error
        with file:
            self._request("PUT", f"/clips/{clip}/video", file)

    def send_image(self, clip: str, number: int, image: bytes) -> None:
        """BusyError where too many are waiting already."""
        self._request("PUT", f"/clips/{clip}/frames/{number}", image)

    def events(self, clip: str, after: int) -> Iterator[Event]:
        """Events as they come; ends with the server's side of the connection."""
        with self._answer("GET", f"/clips/{clip}/events?after={after}") as response:
            yield from parse_events(response)

    def result(self, clip: str) -> Clip:
        return parse_clip(self._request("GET", f"/clips/{clip}/result"))

    def cancel(self, clip: str) -> None:
        self._request("DELETE", f"/clips/{clip}")


def parse_events(lines: Iterator[bytes] | IO[bytes]) -> Iterator[Event]:
    """Server-sent events from the lines they are made of."""
    fields: dict[str, str] = {}
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text and not text.startswith(":"):
            name, _, value = text.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name in fields else value
        elif not text and "data" in fields:
            with _telling():
                event = Event(
                    int(fields["id"]), fields.get("event", ""), json.loads(fields["data"])
                )
            yield event
            fields = {}


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise ServerError(
            f"The server's answer is not as expected ({type(error).__name__}: {error}).",
            "Install the add-on and the server from the same release.",
        ) from error
