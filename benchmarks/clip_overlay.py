# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip's result over its frames: `python -m benchmarks.clip_overlay CLIP RESULT.npz --sheet
sheet.png`.

Left limbs are blue, right ones red; frames that were filled in are marked. `--zoom TRACK` shows one
person large, in front and from the side, and `--video out.mp4` writes all frames.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.body_overlay import (
    Mesh,
    Mesher,
    contact_sheet,
    draw,
    labelled,
    on_paper,
    save,
    zoomed,
)
from benchmarks.video_files import write_video
from model_server.arrays import ImageArray
from model_server.body_params import BodyParams
from model_server.camera import Camera
from model_server.clips.opening import open_clip
from model_server.clips.source import Frame
from model_server.clips.timeline import Wanted
from model_server.crops import Box
from model_server.settings import ASSETS

Array = NDArray[Any]

WIDTH: Final = 480  # of a frame on the sheet
ZOOM: Final = 220  # side of a person on it
COLUMNS: Final = 5


@dataclass(frozen=True)
class Shown:
    """Somebody in a frame."""

    track: int
    body: BodyParams
    box: Box
    seen: bool


class Result:
    """A motion file, read again."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as stored:
            self._arrays = {name: stored[name] for name in stored.files}
        self.header: dict[str, Any] = json.loads(bytes(self._arrays["header"]))
        x, y = self.header["center_px"]
        self.camera = Camera(self.header["focal_px"], (x, y), "given")

    def people(self, number: int) -> list[Shown]:
        """Everybody in a frame."""
        shown = []
        for track in self.header["tracks"]:
            (rows,) = np.nonzero(self._of(track, "frames") == number)
            shown += [self._shown(track, int(row)) for row in rows]
        return shown

    def _shown(self, track: int, row: int) -> Shown:
        def named(names: str, values: Array) -> dict[str, Any]:
            return dict(zip(self.header[names], values.tolist(), strict=True))

        body = BodyParams(
            rig=self.header["rig"],
            root=tuple(self._of(track, "root")[row].tolist()),
            translation=tuple(self._of(track, "translation")[row].tolist()),
            rotations={
                bone: tuple(turn)
                for bone, turn in named("bones", self._of(track, "rotations")[row]).items()
            },
            phenotypes=named("phenotypes", self._of(track, "phenotypes")),
            facial_actions=named("facial_actions", self._of(track, "facial_actions")[row]),
        )
        box = Box(*self._of(track, "box")[row].tolist())
        return Shown(track, body, box, bool(self._of(track, "seen")[row]))

    def _of(self, track: int, name: str) -> Array:
        return self._arrays[f"track{track}/{name}"]


def overlaid(frame: Frame, result: Result, mesher: Mesher) -> ImageArray:
    """The frame with everybody's body over it."""
    people = result.people(frame.number)
    picture = draw(frame.pixels, [mesher.mesh(p.body) for p in people], result.camera)
    told = " ".join(f"{p.track}{'' if p.seen else ' filled'}" for p in people)
    height = round(WIDTH * picture.shape[0] / picture.shape[1])
    small = cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)
    return labelled(np.asarray(small, np.uint8), f"{frame.number}: {told}")


def near(frame: Frame, shown: Shown, camera: Camera, mesher: Mesher) -> ImageArray:
    """Somebody plain, overlaid, and from the side."""
    mesh: Mesh = mesher.mesh(shown.body)
    front = zoomed(frame.pixels, [mesh], camera, shown.box.grown(1.4), ZOOM)
    side = on_paper(mesh.from_the_side(), ZOOM)
    mark = "" if shown.seen else " filled"
    return labelled(np.concatenate([front, side], axis=1), f"{frame.number}{mark}")


def pictures(
    frames: Iterator[Frame], result: Result, mesher: Mesher, zoom: int | None
) -> Iterator[ImageArray]:
    for frame in frames:
        if zoom is None:
            yield overlaid(frame, result, mesher)
            continue
        for shown in result.people(frame.number):
            if shown.track == zoom:
                yield near(frame, shown, result.camera, mesher)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--every", type=int, default=10, help="frames to the next one shown")
    parser.add_argument("--first", type=int)
    parser.add_argument("--last", type=int)
    parser.add_argument("--zoom", type=int, help="number of the one person to show")
    parser.add_argument("--sheet", type=Path, help="a contact sheet")
    parser.add_argument("--video", type=Path, help="all frames")
    options = parser.parse_args()
    result, mesher = Result(options.result), Mesher(ASSETS / "anny.npz")
    step = options.every if options.video is None else 1
    wanted = Wanted(first=options.first, last=options.last, step=step)
    frames = (f for f in open_clip(options.clip, wanted) if isinstance(f, Frame))
    made = pictures(frames, result, mesher, options.zoom)
    if options.video:
        write_video(options.video, made, result.header["fps"])
    if options.sheet:
        shown: Sequence[ImageArray] = list(made)
        height, width = shown[0].shape[:2]
        save(contact_sheet(shown, COLUMNS, (width, height)), options.sheet)


if __name__ == "__main__":
    main()
