# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos to a Blender scene without a window, by the add-on's own code.

    .env/blender-4.5/bin/python scripts/demo_scene.py PHOTO... --out out/

writes scene.blend (photos packed) and, for each photo, a picture of the people drawn over it:
preview.png, preview-2.png, …
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from hund_blender.client import Question  # noqa: E402
from hund_blender.connection import ServerSettings  # noqa: E402
from hund_blender.importing import SERVERS, ImportOptions, new_job  # noqa: E402
from hund_blender.progress import Problem  # noqa: E402

OPACITY: Final = 0.8


def import_photos(photos: list[Path], python: Path | None, max_people: int) -> list[Problem]:
    """Build the people into the open file; says what went wrong."""
    settings = ServerSettings(python=str(python or ""))
    job = new_job(bpy.context.scene, photos, ImportOptions(Question(max_people)), settings)
    try:
        job.run()
    finally:
        SERVERS.stop()
    return job.problems


@dataclass(frozen=True)
class Shot:
    """A photo, the people in it and the camera that sees them as the photo does."""

    people: bpy.types.Collection
    camera: bpy.types.Object
    photo: bpy.types.Image


def shots() -> Iterator[Shot]:
    """The photos of the scene, in the order of import."""
    for collection in bpy.context.scene.collection.children:
        for thing in collection.objects:
            if thing.type == "CAMERA" and thing.data.background_images:
                yield Shot(collection, thing, thing.data.background_images[0].image)


def draw_over_photo(shot: Shot, path: Path) -> None:
    """Render the people of a photo, and nobody who stands far behind them, and lay them over it."""
    scene, camera, photo = bpy.context.scene, shot.camera, shot.photo
    for collection in scene.collection.children:
        collection.hide_render = collection != shot.people
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = photo.size
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "people.png")
        bpy.ops.render.render(write_still=True)
        people_image = bpy.data.images.load(scene.render.filepath)
        people = pixels_of(people_image)
    shown = pixels_of(photo)
    alpha = OPACITY * people[..., 3:]
    shown[..., :3] = (1 - alpha) * shown[..., :3] + alpha * people[..., :3]
    save(shown, path)
    bpy.data.images.remove(people_image)


def pixels_of(image: bpy.types.Image) -> npt.NDArray[Any]:
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(height, width, 4)


def save(pixels: npt.NDArray[Any], path: Path) -> None:
    """As PNG, or as JPEG by the name."""
    image = bpy.data.images.new("preview", pixels.shape[1], pixels.shape[0])
    image.pixels.foreach_set(np.ascontiguousarray(pixels).ravel())
    image.file_format = "JPEG" if path.suffix == ".jpg" else "PNG"
    image.filepath_raw = str(path)
    image.save(quality=85)
    bpy.data.images.remove(image)


def set_up_preview(scene: bpy.types.Scene) -> None:
    """Workbench: seconds, not minutes."""
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.film_transparent = True
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    scene.display.shading.light = "STUDIO"
    scene.display.shading.color_type = "MATERIAL"
    scene.display.shading.show_cavity = True
    scene.view_settings.view_transform = "Standard"


def save_scene(path: Path) -> None:
    for image in bpy.data.images:
        if image.packed_file is None and image.source == "FILE":
            image.pack()
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder (default: out)")
    parser.add_argument("--python", type=Path, help="the server's (default: $HUND_SERVER_PYTHON)")
    parser.add_argument("--max-people", type=int, default=8)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    photos = [photo.resolve() for photo in arguments.photos]
    for problem in import_photos(photos, arguments.python, arguments.max_people):
        print(
            f"{problem.subject}: {problem.message} {problem.remedy}".lstrip(": "), file=sys.stderr
        )
    pictures = list(shots())
    if not pictures:
        return 1
    save_scene(arguments.out.resolve() / "scene.blend")
    print(f"{arguments.out / 'scene.blend'}: {len(bpy.data.armatures)} people")
    set_up_preview(bpy.context.scene)
    for number, shot in enumerate(pictures, start=1):
        name = "preview.png" if number == 1 else f"preview-{number}.png"
        draw_over_photo(shot, arguments.out.resolve() / name)
        print(arguments.out / name)
    print(f"{time.monotonic() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
