# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that are open in Blender as photos: the server gets the picture the artist sees."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import local_server
import made_people
import numpy as np
import pytest
from local_server import LocalServer
from pictures import write_picture
from state_of_file import state_of_file

from hund_blender.body import Body
from hund_blender.connection import ServerSettings
from hund_blender.errors import PhotoError
from hund_blender.scene.image_files import is_temporary, photo_file


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.ones((48, 64, 4), np.float32)
    pixels[:24, :, 1:3] = 0  # red above
    write_picture(tmp_path / "party.png", 64, 48, pixels)
    return tmp_path / "party.png"


def pixels_of(path: Path) -> np.ndarray:
    """As Blender reads it (48, 64, 4), first row on top."""
    image = bpy.data.images.load(str(path))
    pixels = np.array(image.pixels[:]).reshape(48, 64, 4)[::-1]
    bpy.data.images.remove(image)
    return pixels


def assert_red_above(path: Path) -> None:
    pixels = pixels_of(path)
    np.testing.assert_allclose(pixels[:24, :, :3].mean((0, 1)), [1, 0, 0], atol=0.01)
    np.testing.assert_allclose(pixels[24:, :, :3], 1, atol=0.01)


def test_files_are_used_as_they_are(photo: Path) -> None:
    image = bpy.data.images.load(str(photo))
    assert photo_file(image) == photo
    assert not is_temporary(photo)


def test_packed_images_keep_their_bytes(photo: Path) -> None:
    data = photo.read_bytes()
    image = bpy.data.images.load(str(photo))
    image.pack()
    photo.unlink()
    assert photo_file(image).read_bytes() == data
    assert is_temporary(photo_file(image))


def test_painted_and_generated_images_are_written_as_seen(photo: Path) -> None:
    image = bpy.data.images.load(str(photo))
    painted = np.array(image.pixels[:]).reshape(48, 64, 4)
    painted[...] = painted[::-1]
    image.pixels.foreach_set(painted.ravel().astype(np.float32))
    before = image.filepath
    pixels = pixels_of(photo_file(image))
    np.testing.assert_allclose(pixels[24:, :, :3].mean((0, 1)), [1, 0, 0], atol=0.01)
    assert image.filepath == before
    assert photo.exists()
    drawn = bpy.data.images.new("my: image/1", 64, 48)
    drawn.pixels.foreach_set(np.ascontiguousarray(painted[::-1], np.float32).ravel())
    assert_red_above(photo_file(drawn))
    assert drawn.source == "GENERATED"


@pytest.mark.parametrize(("source", "word"), [("MOVIE", "movie"), ("SEQUENCE", "movie")])
def test_movies_are_refused(photo: Path, source: Any, word: str) -> None:
    image = bpy.data.images.load(str(photo))
    image.source = source
    with pytest.raises(PhotoError, match=word) as caught:
        photo_file(image)
    assert "Save As" in caught.value.remedy


def test_missing_files_are_told(photo: Path) -> None:
    image = bpy.data.images.load(str(photo))
    photo.unlink()
    with pytest.raises(PhotoError, match="missing"):
        photo_file(image)


@pytest.fixture
def server(body: Body, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    answer = made_people.answer([made_people.person(body)], 64, 48)
    with local_server.running(lambda _: (200, answer)) as running:
        settings = ServerSettings(remote_address=running.address, remote_token=local_server.TOKEN)
        monkeypatch.setattr("hund_blender.operators.server_settings", lambda _: settings)
        yield running


def camera_with(image: bpy.types.Image) -> bpy.types.Object:
    bpy.ops.object.camera_add()
    camera: Any = bpy.context.object
    bpy.context.scene.camera = camera
    camera.data.background_images.new().image = image
    return camera


@pytest.mark.usefixtures("server")
def test_camera_background(photo: Path) -> None:
    image = bpy.data.images.load(str(photo))
    image.pack()
    photo.unlink()
    camera_with(image)
    bpy.ops.ed.undo_push(message="Camera")
    before = state_of_file()
    assert bpy.ops.hund.import_camera_photo() == {"FINISHED"}
    assert "party Person 1" in bpy.data.objects
    assert bpy.context.scene.camera.name == "party Camera"
    assert bpy.context.scene.camera.data.background_images[0].image == image
    assert list(bpy.data.images) == [image]
    bpy.ops.ed.undo()
    assert state_of_file() == before


def test_camera_without_photo_is_told() -> None:
    with pytest.raises(RuntimeError, match="no background image"):
        bpy.ops.hund.import_camera_photo()
    bpy.ops.object.camera_add()
    bpy.context.scene.camera = bpy.context.object
    with pytest.raises(RuntimeError, match="no background image"):
        bpy.ops.hund.import_camera_photo()


@pytest.mark.usefixtures("server")
def test_dropped_reference_image(photo: Path) -> None:
    reference: Any = bpy.data.objects.new("Reference", None)
    reference.empty_display_type = "IMAGE"
    reference.data = bpy.data.images.load(str(photo))
    bpy.context.collection.objects.link(reference)
    reference.select_set(True)
    bpy.ops.ed.undo_push(message="Reference")
    before = state_of_file()
    assert bpy.ops.hund.import_reference() == {"FINISHED"}
    assert "party Person 1" in bpy.data.objects
    assert "Reference" in bpy.data.objects
    bpy.ops.ed.undo()
    assert state_of_file() == before


def test_without_a_selected_reference_image_it_is_told() -> None:
    bpy.ops.object.empty_add()  # shows no image
    with pytest.raises(RuntimeError, match="No reference image is selected"):
        bpy.ops.hund.import_reference()


def test_movie_behind_the_camera_is_told(photo: Path) -> None:
    image = bpy.data.images.load(str(photo))
    image.source = "MOVIE"
    camera_with(image)
    with pytest.raises(RuntimeError, match="movie"):
        bpy.ops.hund.import_camera_photo()


@pytest.mark.usefixtures("server")
def test_image_editor(photo: Path) -> None:
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "IMAGE_EDITOR"
    with bpy.context.temp_override(window=window, area=area):
        with pytest.raises(RuntimeError, match="No image is open"):
            bpy.ops.hund.import_image()
        area.spaces.active.image = bpy.data.images.load(str(photo))
        assert bpy.ops.hund.import_image(make="POSE_ASSETS") == {"FINISHED"}
    assert list(bpy.data.actions.keys()) == ["party"]


def test_other_editors_have_no_image() -> None:
    with pytest.raises(RuntimeError, match="No image is open"):
        bpy.ops.hund.import_image()
