# SPDX-License-Identifier: GPL-3.0-or-later
"""What the camera shows is the upright photo that the server spoke of, once in the file."""

from dataclasses import replace
from pathlib import Path

import bpy
import local_server
import made_people
import numpy as np
import pytest
from made_photos import add, made_result
from pictures import write_picture

from hund_blender.body import Body
from hund_blender.connection import ServerSettings
from hund_blender.errors import SceneError
from hund_blender.importing import ImportOptions, new_job
from hund_blender.placing import PhotoResult
from hund_blender.scene.people import SceneOptions
from hund_blender.scene.photo_image import load_photo


@pytest.fixture
def result(body: Body, tmp_path: Path) -> PhotoResult:
    return made_result(body, tmp_path / "party.png", [made_people.person(body)])


def background() -> bpy.types.Image:
    return bpy.context.scene.camera.data.background_images[0].image


def test_a_photo_that_is_in_the_file_is_not_loaded_again(result: PhotoResult) -> None:
    image = bpy.data.images.load(str(result.path))
    add(result)
    add(result)
    assert list(bpy.data.images) == [image]
    assert background() == image


def test_a_file_that_is_no_picture_is_told(result: PhotoResult, tmp_path: Path) -> None:
    (tmp_path / "odd.heic").write_bytes(b"no format that Blender knows")
    with pytest.raises(SceneError, match=r"odd\.heic"):
        load_photo(replace(result, path=tmp_path / "odd.heic"))


@pytest.mark.parametrize("shown", [True, False])
def test_a_turned_photo_is_shown_upright(body: Body, tmp_path: Path, shown: bool) -> None:
    write_picture(tmp_path / "turned.jpg", 64, 32)
    write_picture(tmp_path / "upright.jpg", 32, 64, np.ones((64, 32, 4)))
    answer = made_people.answer([made_people.person(body)], 32, 64)
    answer["image"]["as_stored"] = False
    with local_server.running(lambda _: (200, answer)) as server:
        server.jpeg = (tmp_path / "upright.jpg").read_bytes()
        settings = ServerSettings(remote_address=server.address, remote_token=local_server.TOKEN)
        options = ImportOptions(scene=SceneOptions(match_camera=shown))
        new_job(bpy.context.scene, [tmp_path / "turned.jpg"], options, settings).run()
    assert ("/jpeg" in server.targets) == shown
    assert "turned Person 1" in bpy.data.objects
    if shown:
        image = background()
        assert tuple(image.size) == (32, 64)
        assert image.packed_file is not None  # the temporary file goes with the session
        assert (image.name, image.filepath) == ("turned.jpg", "//turned.jpg")
