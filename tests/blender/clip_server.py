# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP server that speaks the clips' part of docs/protocol.md: it tells of a clip that a
test has made, as slowly and as badly as the test wants.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from local_server import (
    ASSET,
    HEALTH,
    TOKEN,
    Handler,
    LocalServer,
    error,
    nothing_to_correct,
    serve,
)

from hund_blender.clip.data import Clip, Track, clip_bytes
from hund_blender.threads import POLL_S, Worker, sleep

Happening = Callable[[int], None]  # called before each frame is told, with its number


def nothing(_: int) -> None:
    pass


@dataclass
class ClipBeingWatched:
    """One clip that was asked for."""

    request: dict[str, Any]
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    video: bytes | None = None
    images: dict[int, bytes] = field(default_factory=dict)
    cancelled: bool = False
    result: bytes | None = None
    told: list[int] = field(default_factory=list)

    def tell(self, kind: str, data: dict[str, Any]) -> None:
        self.events.append((kind, data))

    def news(self, after: int) -> list[tuple[str, dict[str, Any]]]:
        """Events after so many, for which it waits a moment."""
        if len(self.events) <= after:
            sleep(POLL_S / 2)
        return self.events[after:]

    def ready_for(self, number: int) -> bool:
        return self.video is not None or number in self.images


class ClipServer(LocalServer):
    """Tells of `clip`; `before_frame` may take its time, or kill the server."""

    def __init__(self, clip: Clip, before_frame: Happening = nothing) -> None:
        super().__init__(lambda _: error(404, "bad_request", "No photos here."), nothing_to_correct)
        self.RequestHandlerClass = ClipHandler
        self.clip = clip
        self.before_frame = before_frame
        self.watched: list[ClipBeingWatched] = []
        self.broken_frames: set[int] = set()
        self.refuses_images = 0  # so many times
        self.connections: set[Any] = set()
        self.is_dead = False
        self.sent = 0  # number of the last event that went out
        self.drops_after: set[int] = set()  # events after which a connection is lost, once each

    def die(self) -> None:
        """As a process that was killed: all connections break, no new ones are taken."""
        self.is_dead = True
        self.shutdown()  # a socket that is closed while it is listened to fails in odd ways
        self.socket.close()
        for connection in list(self.connections):
            connection.close()

    def watch(self, watched: ClipBeingWatched) -> None:
        wanted = [n for n in self._numbers() if self._covers(watched.request, n)]
        opened = {
            "frames": len(wanted), "fps": self.clip.fps, "width": self.clip.width,
            "height": self.clip.height, "focal_px": self.clip.focal_px,
            "center_px": list(self.clip.center_px),
        }  # fmt: skip
        watched.tell("opened", opened)
        for number in wanted:
            while not watched.ready_for(number) and not watched.cancelled:
                sleep(POLL_S / 2)
            if watched.cancelled or self.is_dead:
                break
            self.before_frame(number)
            if self.is_dead:
                return
            self._tell(watched, number)
        told = watched.told
        tracks = tuple(part_of_track(track, told) for track in self.clip.tracks)
        watched.result = clip_bytes(
            replace(self.clip, tracks=tuple(track for track in tracks if len(track.frames)))
        )
        watched.tell("refined", {})
        watched.tell("done", {"cancelled": watched.cancelled})

    def _tell(self, watched: ClipBeingWatched, number: int) -> None:
        if number in self.broken_frames or watched.images.get(number) == b"":
            problem = {"frame": number, "code": "damaged_image", "message": "It is broken."}
            watched.tell("problem", problem | {"remedy": "Copy it again."})
            return
        watched.told.append(number)
        watched.tell("frame", {"frame": number, "people": people_in(self.clip, number)})

    def _numbers(self) -> list[int]:
        return sorted({int(n) for track in self.clip.tracks for n in track.frames})

    @staticmethod
    def _covers(request: dict[str, Any], number: int) -> bool:
        first, last = request["first"], request["last"]
        inside = (first is None or number >= first) and (last is None or number <= last)
        chosen = request["frames"] is None or number in request["frames"]
        return inside and chosen and (number - (first or 0)) % request["step"] == 0


def people_in(clip: Clip, number: int) -> list[dict[str, Any]]:
    """Everybody of one frame, as events tell it."""
    people = []
    for track in clip.tracks:
        for row in np.flatnonzero(track.frames == number):
            rotations = zip(clip.bones[1:], track.rotations_wxyz[row, 1:].tolist(), strict=True)
            faces = zip(clip.facial_actions, track.facial_actions[row].tolist(), strict=True)
            parameters = {
                "rig": clip.rig,
                "root": track.root_wxyz[row].tolist(),
                "translation": track.translation_m[row].tolist(),
                "rotations": dict(rotations),
                "phenotypes": clip.phenotypes_of(track),
                "facial_actions": {name: value for name, value in faces if value > 0},
            }
            people.append(
                {
                    "track": track.number,
                    "box": track.box_px[row].tolist(),
                    "confidence": 0.9,
                    "parameters": parameters,
                    "joint_confidence": dict.fromkeys(clip.bones, 1.0),
                }
            )
    return people


def part_of_track(track: Track, numbers: list[int]) -> Track:
    keep = np.isin(track.frames, numbers)
    constant = {"number", "phenotypes", "gravity", "floor_m"}
    kept = {name: value[keep] for name, value in vars(track).items() if name not in constant}
    return replace(track, **kept)


class ClipHandler(Handler):
    server: ClipServer

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
        if not self._is_welcome():
            return
        self.server.targets.append(self.path)
        path, _, query = self.path.partition("?")
        if path == "/health":
            self._send_json(200, HEALTH)
        elif path == "/body":
            self._send(200, ASSET.read_bytes())
        elif path.endswith("/events"):
            self._send_events(self._watched(), int(query.partition("=")[2] or 0))
        elif (result := self._watched().result) is not None:
            self._send(200, result)
        else:
            self._send_json(*error(409, "not_ready", "It is not done yet."))

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        if not self._is_welcome():
            return
        self.server.targets.append(self.path)
        watched = ClipBeingWatched(json.loads(self._body()))
        self.server.watched.append(watched)
        Worker(lambda: self.server.watch(watched), "watch").start()
        self._send_json(201, {"id": str(len(self.server.watched) - 1)})

    def do_PUT(self) -> None:  # noqa: N802 - the name is http.server's
        if not self._is_welcome():
            return
        self.server.targets.append(self.path)
        content, watched = self._body(), self._watched()
        if self.server.refuses_images:
            self.server.refuses_images -= 1
            self._send_busy()
            return
        if self.path.endswith("/video"):
            watched.video = content
        else:
            watched.images[int(self.path.rpartition("/")[2])] = content
        self._send(204, b"")

    def do_DELETE(self) -> None:  # noqa: N802 - the name is http.server's
        if self._is_welcome():
            self.server.targets.append(f"DELETE {self.path}")
            self._watched().cancelled = True
            self._send(204, b"")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _watched(self) -> ClipBeingWatched:
        return self.server.watched[int(self.path.split("/")[2].partition("?")[0])]

    def _send_busy(self) -> None:
        content = json.dumps(error(429, "busy", "Too many images.")[1]).encode()
        self.send_response(429)
        self.send_header("Retry-After", "0.01")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_events(self, watched: ClipBeingWatched, after: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b": hello\n\n")
        number = after
        while not self.server.is_dead:
            for kind, data in watched.news(number):
                number += 1
                text = f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
                self.wfile.write(text.encode())
                self.wfile.flush()
                self.server.sent = number
                if number in self.server.drops_after:
                    self.server.drops_after.discard(number)
                    self.close_connection = True
                    return
                if kind == "done":
                    return


@contextmanager
def watching(clip: Clip, before_frame: Happening = nothing) -> Iterator[ClipServer]:
    server = ClipServer(clip, before_frame)
    thread = serve(server)
    try:
        yield server
    finally:
        if not server.is_dead:
            server.shutdown()
            server.server_close()
            thread.join()


__all__ = ["TOKEN", "ClipServer", "watching"]
