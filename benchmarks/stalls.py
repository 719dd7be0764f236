# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the add-on keeps Blender from drawing: `python benchmarks/stalls.py [photo ...]`.

    HUND_SERVER_PYTHON=.env/server/bin/python .env/blender-5.2/bin/python benchmarks/stalls.py

Imports 20 photos (those given, again and again; else our own picture and a portrait, half of them
as a phone stores them: 12 million pixels, turned by EXIF) with the real server, calls the timer as
a window would, and prints how long the calls took: while the model works, while people are built
(one person a call), and for the last one, which is Blender's own undo step. The same for a choice
of people and for pose assets. Then, with one person in the file, the way of a correction from the
moment a disc is let go, and one move of a slider. Processor time stands beside the time on the
clock, which others share.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import bpy  # noqa: E402

import hund_blender  # noqa: E402
from hund_blender.client import Question  # noqa: E402
from hund_blender.connection import ServerSettings  # noqa: E402
from hund_blender.correcting import CORRECTIONS  # noqa: E402
from hund_blender.feedback import show_progress  # noqa: E402
from hund_blender.importing import (  # noqa: E402
    FOUND,
    NEW_CHARACTERS,
    POSE_ASSETS,
    SERVERS,
    SLOT,
    ImportOptions,
    new_job,
)
from hund_blender.live import LIVE, QUIET_S  # noqa: E402
from hund_blender.progress import Ending  # noqa: E402
from hund_blender.scene.handles import handles_of  # noqa: E402
from hund_blender.slot import TICK_S  # noqa: E402

PHOTOS: Final = 20
CORRECTIONS_MADE: Final = 9
PHONE_PX: Final = (4000, 3000)
# An EXIF segment that says: the first row is the right side (orientation 6).
TURNED: Final = bytes.fromhex(
    "ffe1002245786966000049492a0008000000010012010300010000000600000000000000"
)


@dataclass
class Call:
    """Of a timer's function, in milliseconds."""

    wall: float
    cpu: float


def timed(function: Callable[[], Any]) -> tuple[Call, Any]:
    wall, cpu = time.perf_counter(), time.thread_time()
    result = function()
    return Call(1000 * (time.perf_counter() - wall), 1000 * (time.thread_time() - cpu)), result


def calls_of(slot: Any) -> dict[str, list[Call]]:
    """Drive what runs in a slot to its end as a window's timer does, by the kind of call."""
    calls = defaultdict(list)
    while slot.job is not None:
        before = slot.job.progress.text
        call, _ = timed(slot._tick)
        calls[kind(before, ended=slot.job is None)].append(call)
        time.sleep(TICK_S)
    if slot.problems:
        raise SystemExit("\n".join(f"{p.subject} {p.message} {p.remedy}" for p in slot.problems))
    return calls


def kind(progress: str, *, ended: bool) -> str:
    if ended:
        return "the last one"
    built = progress.startswith(("Building", "Keeping"))
    return "a person is built" if built else "the model works"


def run(title: str, photos: list[Path], **options: Any) -> None:
    settings = ServerSettings(python=os.environ["HUND_SERVER_PYTHON"])
    job = new_job(bpy.context.scene, photos, ImportOptions(Question(8), **options), settings)
    SLOT.run_in_background(job, lambda job: show_progress(job, Ending()))
    report(title, calls_of(SLOT))


def report(title: str, calls: dict[str, list[Call]]) -> None:
    print(title)
    for name, some in calls.items():
        some = sorted(some, key=lambda call: call.wall)
        late, longest = some[math.ceil(0.99 * len(some)) - 1], some[-1]
        print(
            f"  {name}: {len(some)} calls, median {statistics.median(c.wall for c in some):.1f} ms,"
            f" 99 % {late.wall:.1f}, longest {longest.wall:.1f} ({longest.cpu:.1f} of processor)"
        )


def create() -> None:
    """As the operator does it where there is a window."""
    placing = FOUND.placing()
    SLOT.run_in_background(placing, lambda job: show_progress(job, FOUND.ending))
    report("Creating the chosen", calls_of(SLOT))


def correct() -> None:
    """An elbow to and fro: from letting go until the body has followed."""
    character = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")
    bpy.context.view_layer.objects.active = character
    bpy.ops.hund.edit_landmarks()
    elbow, calls, took = handles_of(character)["left_elbow"], defaultdict(list), []
    for number in range(CORRECTIONS_MADE):
        elbow.location[0] += 0.1 * (-1) ** number
        bpy.context.view_layer.update()
        LIVE._scene = bpy.context.scene.name
        begin = time.perf_counter()
        time.sleep(QUIET_S)
        LIVE.fire()
        for name, some in calls_of(CORRECTIONS).items():
            calls[name] += some
        took.append(time.perf_counter() - begin)
    print(
        f"Correction, from letting go to the body in its new pose: median "
        f"{statistics.median(took):.2f} s, longest {max(took):.2f} s"
    )
    report("  of it on the main thread", calls)


def slide() -> None:
    character = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")

    def drag(value: float) -> None:
        character.data.hund.age = value
        bpy.context.view_layer.update()

    drag(0.5)
    calls = [timed(lambda value=value: drag(value))[0] for value in (0.3, 0.4, 0.6, 0.7, 0.9)]
    report("Body slider", {"one move": calls})


def phone_photo(photo: Path, folder: Path) -> Path:
    """The photo as a phone with its long side upright would store it."""
    image = bpy.data.images.load(str(photo))
    image.scale(*PHONE_PX)
    image.file_format, image.filepath_raw = "JPEG", str(folder / f"phone_{photo.stem}.jpg")
    image.save()
    bpy.data.images.remove(image)
    path = folder / f"phone_{photo.stem}.jpg"
    data = path.read_bytes()
    path.write_bytes(data[:2] + TURNED + data[2:])
    return path


def default_photos(folder: Path) -> list[Path]:
    packages = Path(os.environ["HUND_SERVER_PYTHON"]).absolute().parents[1]
    (portrait,) = packages.glob("lib/python*/site-packages/matplotlib/**/grace_hopper.jpg")
    own = ROOT / "docs" / "pictures" / "full_body.jpg"
    return [own, portrait, phone_photo(own, folder), phone_photo(portrait, folder)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="*", type=Path)
    options = parser.parse_args()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    hund_blender.register()
    try:
        with tempfile.TemporaryDirectory() as folder:
            photos = options.photos or default_photos(Path(folder))
            twenty = list(itertools.islice(itertools.cycle(photos), PHOTOS))
            run(f"{PHOTOS} photos, new characters", twenty, make=NEW_CHARACTERS)
            run(f"{PHOTOS} photos, pose assets", twenty, make=POSE_ASSETS)
            run("4 photos, choosing people", twenty[:4], choose=True)
            create()
            bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
            run("1 photo", photos[:1], make=NEW_CHARACTERS)
            correct()
            slide()
    finally:
        SERVERS.stop()
        hund_blender.unregister()


if __name__ == "__main__":
    main()
