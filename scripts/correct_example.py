# SPDX-License-Identifier: GPL-3.0-or-later
"""Render `docs/pictures/correcting.jpg`, a session of corrections: as found, an elbow dragged to a
wrong place, dragged back, and the other interpretation. Tells how far joints have moved.

    HUND_SERVER_PYTHON=.env/server/bin/python .env/blender-5.2/bin/python scripts/correct_example.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt
from demo_scene import ROOT, draw_over_photo, pixels_of, save, set_up_preview, shots

import hund_blender
from hund_blender.importing import SERVERS
from hund_blender.scene.handles import handles_of

PHOTO: Final = ROOT / "docs" / "pictures" / "full_body.jpg"
OUT: Final = ROOT / "docs" / "pictures" / "correcting.jpg"
CHARACTER: Final = f"{PHOTO.stem} Person 1"
ELBOW: Final = "left_elbow"
WRONG_M: Final = (-0.16, 0.16, 0.0)  # from where the elbow was seen, in the camera's axes
SHOWN: Final = slice(160, 740)  # columns of each picture
JOINTS: Final = ("upperarm01", "lowerarm01", "wrist", "upperleg01", "lowerleg01", "foot")

Array = npt.NDArray[Any]


def main() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    hund_blender.register()
    try:
        save(np.concatenate(session(), axis=1), OUT)
    finally:
        SERVERS.stop()
        hund_blender.unregister()


def session() -> list[Array]:
    """The pictures, one after each step."""
    bpy.ops.hund.import_photos(files=[{"name": PHOTO.name}], directory=str(PHOTO.parent))
    if CHARACTER not in bpy.data.objects:
        sys.exit("The photo was not imported; what is above says why.")
    set_up_preview(bpy.context.scene)
    bpy.context.view_layer.objects.active = bpy.data.objects[CHARACTER]
    bpy.ops.hund.edit_landmarks()
    places, pictures = [joints()], [picture()]
    seen = tuple(elbow().location)
    for place in (np.add(seen, WRONG_M).tolist(), seen):
        elbow().location = place
        timed(bpy.ops.hund.correct)
        places.append(joints())
        pictures.append(picture())
    tell("elbow put wrong", places[0], places[1])
    tell("and put back", places[0], places[2])
    timed(bpy.ops.hund.other_interpretation)
    return [*pictures, picture()]


def elbow() -> Any:
    return handles_of(bpy.data.objects[CHARACTER])[ELBOW]


def timed(operator: Any) -> None:
    start = time.monotonic()
    operator()
    print(f"{operator.idname()}: {time.monotonic() - start:.2f} s")


def joints() -> dict[str, Array]:
    """Where bones begin in the world, metres."""
    bpy.context.view_layer.update()
    character: Any = bpy.data.objects[CHARACTER]
    bones = [f"{joint}.{side}" for joint in JOINTS for side in "LR"]
    return {
        bone: np.array(character.matrix_world @ character.pose.bones[bone].head)
        for bone in ("root", "head", *bones)
    }


def tell(what: str, before: dict[str, Array], after: dict[str, Array]) -> None:
    moved = {bone: 1000 * np.linalg.norm(after[bone] - before[bone]) for bone in before}
    arm = {bone: moved.pop(bone) for bone in ("lowerarm01.L", "wrist.L")}
    told = ", ".join(f"{bone} {distance:.0f} mm" for bone, distance in arm.items())
    print(f"{what}: {told}, all others at most {max(moved.values()):.2f} mm")


def picture() -> Array:
    """The person over the photo, handles included."""
    for handle in handles_of(bpy.data.objects[CHARACTER]).values():
        handle.hide_render = False
    (shot,) = shots()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "step.png"
        draw_over_photo(shot, path)
        return pixels_of(bpy.data.images.load(str(path)))[:, SHOWN]


if __name__ == "__main__":
    main()
