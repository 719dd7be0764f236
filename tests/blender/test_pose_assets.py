# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos to pose assets: what they hold, and that Blender's own pose library can use them."""

from pathlib import Path
from typing import Any

import bpy
import local_server
import made_people
import numpy as np
import pytest
from local_server import error
from looking import evaluated_vertices
from made_photos import add, made_result, meshes_of, problems_of
from pictures import write_picture
from state_of_file import state_of_file

from hund_blender.asset_pose import REFERENCE_SHAPE
from hund_blender.body import Body
from hund_blender.catalogues import FILE_NAME
from hund_blender.compat import SLOTTED_ACTIONS
from hund_blender.connection import ServerSettings
from hund_blender.importing import SLOT
from hund_blender.rigs import GAME_ENGINE, MAKEHUMAN, MIXAMO
from hund_blender.scene.people import SceneOptions
from hund_blender.scene.pose_assets import add_pose_assets

TENTH_MM = 1e-4
ADULT = {"phenotypes": dict(REFERENCE_SHAPE), "facial_actions": {}}


def somebody(body: Body, seed: int, x_m: float = 0.0, **parameters: Any) -> dict[str, Any]:
    person = made_people.person(body, seed, x_m)
    rotations = {n: q for n, q in person["parameters"]["rotations"].items() if "eye" not in n}
    changed = person["parameters"] | {"rotations": rotations} | ADULT | parameters
    return person | {"parameters": changed}


def make(body: Body, photo: Path, *people: dict[str, Any], rig: str = MAKEHUMAN) -> list[str]:
    """Names of the assets of a photo."""
    before = state_of_file()["actions"]
    result = made_result(body, photo, list(people))
    assert problems_of(add_pose_assets(bpy.context.scene.name, [result], rig)) == []
    return [name for name in state_of_file()["actions"] if name not in before]


def character(body: Body, tmp_path: Path, rig: str = MAKEHUMAN, **parameters: Any) -> Any:
    """Somebody in another pose, in pose mode with all bones selected."""
    person = somebody(body, 7, **parameters)
    add(made_result(body, tmp_path / "actor.png", [person]), options=SceneOptions(rig=rig))
    skin = meshes_of("actor")[0]
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.select_all(action="SELECT")
    return skin


def apply(skin: Any, name: str, *, flipped: bool = False) -> np.ndarray:
    """The skin's vertices after the pose library applied an asset, round the middle."""
    if bpy.app.version >= (5, 0, 0):
        local = {"asset_library_type": "LOCAL", "asset_library_identifier": ""}
        asset = local | {"relative_asset_identifier": f"Action/{name}"}
        assert bpy.ops.poselib.apply_pose_asset(**asset, flipped=flipped) == {"FINISHED"}
    else:  # without a window there is no asset to click on; this is what the operator does then
        action = bpy.data.actions[name].copy()
        if flipped:
            action.flip_with_pose(skin.parent)
        skin.parent.pose.apply_pose_from_action(action)
        bpy.data.actions.remove(action)
    points = evaluated_vertices(skin)
    return points - points.mean(0)


def curves_of(action: Any) -> Any:
    if not SLOTTED_ACTIONS:
        return action.fcurves
    return action.layers[0].strips[0].channelbag(action.slots[0]).fcurves


def test_one_key_one_slot_marked_and_described(body: Body, tmp_path: Path) -> None:
    (tmp_path / "Dance").mkdir()
    names = make(body, tmp_path / "Dance" / "jump.png", somebody(body, 1), somebody(body, 2, 1))
    assert names == ["jump Person 1", "jump Person 2"]
    for action in bpy.data.actions:
        assert {len(curve.keyframe_points) for curve in curves_of(action)} == {1}
        assert {curve.keyframe_points[0].co.x for curve in curves_of(action)} == {1.0}
        assert not SLOTTED_ACTIONS or len(action.slots) == 1
        assert {tag.name for tag in action.asset_data.tags} == {"HUND", "jump"}
        assert "jump.png" in action.asset_data.description
        assert action.use_fake_user
        assert action["hund_catalogue"] == "HUND/Dance"


def test_nothing_but_the_assets_is_added(body: Body, tmp_path: Path) -> None:
    before = state_of_file()
    names = make(body, tmp_path / "jump.png", somebody(body, 1))
    assert state_of_file() == before | {"actions": names}


def test_preview_is_the_piece_of_the_photo(body: Body, tmp_path: Path) -> None:
    pixels = np.full((100, 100, 4), 255, np.uint8)
    pixels[:25, :, 1:3] = 0  # red above
    make(body, tmp_path / "red.png", made_people.pictured(somebody(body, 1), pixels))
    preview = bpy.data.actions["red"].preview
    assert tuple(preview.image_size) == (100, 100)
    shown = np.array(preview.image_pixels_float[:]).reshape(100, 100, 4)
    np.testing.assert_array_equal(shown[::-1], pixels / np.float32(255))


@pytest.mark.parametrize("rig", [MAKEHUMAN, MIXAMO, GAME_ENGINE])
def test_applied_pose_is_the_photos(body: Body, tmp_path: Path, rig: str) -> None:
    person = somebody(body, 1)
    (name,) = make(body, tmp_path / "jump.png", person, rig=rig)
    points = apply(character(body, tmp_path, rig), name)
    bpy.ops.object.mode_set(mode="OBJECT")
    add(made_result(body, tmp_path / "anew.png", [person]), options=SceneOptions(rig=rig))
    anew = evaluated_vertices(meshes_of("anew")[0])
    eyes_m = TENTH_MM if rig == MAKEHUMAN else 0.001  # in others, heads turn by more than one bone
    np.testing.assert_allclose(points, anew - anew.mean(0), atol=eyes_m)


def test_applied_pose_stands_on_the_floor(body: Body, tmp_path: Path) -> None:
    (name,) = make(body, tmp_path / "jump.png", somebody(body, 1))
    skin = character(body, tmp_path)
    apply(skin, name)
    assert evaluated_vertices(skin)[:, 2].min() == pytest.approx(0, abs=TENTH_MM)


def test_other_shapes_take_the_pose_nearly(body: Body, tmp_path: Path) -> None:
    person = somebody(body, 1)
    (name,) = make(body, tmp_path / "jump.png", person)
    shape = {"age": 1.0, "gender": 1.0, "weight": 0.8}
    skin = character(body, tmp_path, phenotypes=shape)
    rest = evaluated_vertices(skin)
    points = apply(skin, name)
    bpy.ops.object.mode_set(mode="OBJECT")
    own = somebody(body, 1, phenotypes=shape)
    add(made_result(body, tmp_path / "anew.png", [own]))
    anew = evaluated_vertices(meshes_of("anew")[0])
    off_m = np.linalg.norm(points - (anew - anew.mean(0)), axis=1).mean()
    assert off_m < 0.04
    assert np.linalg.norm(rest - rest.mean(0) - points, axis=1).mean() > 2 * off_m


@pytest.mark.parametrize("rig", [MAKEHUMAN, GAME_ENGINE])
def test_flipped_pose_is_mirrored(body: Body, tmp_path: Path, rig: str) -> None:
    (name,) = make(body, tmp_path / "jump.png", somebody(body, 1), rig=rig)
    skin = character(body, tmp_path, rig)
    apply(skin, name)
    heads = joints(skin.parent)
    apply(skin, name, flipped=True)
    mirrored = joints(skin.parent)
    for bone, place in heads.items():
        expected = place * [-1, 1, 1]
        # The resting spine itself is not quite symmetric.
        np.testing.assert_allclose(mirrored[bpy.utils.flip_name(bone)], expected, atol=0.005)
    assert max(np.abs(mirrored[bone] - heads[bone]).max() for bone in heads) > 0.1


def joints(armature: Any) -> dict[str, np.ndarray]:
    bpy.context.view_layer.update()
    return {bone.name: np.array(bone.head) for bone in armature.pose.bones}


def test_unseen_fingers_and_eyes_are_left_alone(body: Body, tmp_path: Path) -> None:
    person = somebody(body, 1)
    rotations = person["parameters"]["rotations"]
    seen = {n: q for n, q in rotations.items() if not (n.startswith("finger") and ".L" in n)}
    (name,) = make(body, tmp_path / "jump.png", somebody(body, 1, rotations=seen))
    keyed = {curve.data_path.split('"')[1] for curve in curves_of(bpy.data.actions[name])}
    left_alone = set(body.bone_names) - keyed
    assert {bone for bone in left_alone if bone.startswith("eye")} == {"eye.L", "eye.R"}
    assert len(left_alone) == 2 + 15
    assert all(bone.startswith("eye") or bone.endswith(".L") for bone in left_alone)


def test_undo_and_redo(body: Body, tmp_path: Path) -> None:
    bpy.ops.ed.undo_push(message="Before")
    before = state_of_file()
    names = make(body, tmp_path / "jump.png", somebody(body, 1))
    bpy.ops.ed.undo()
    assert state_of_file() == before
    bpy.ops.ed.redo()
    assert bpy.data.actions[names[0]].asset_data is not None


def test_assets_and_catalogue_live_on_with_the_file(body: Body, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    picture = np.full((256, 256, 4), 200, np.uint8)
    who = made_people.pictured(somebody(body, 1), picture)
    (name,) = make(body, tmp_path / "jump.png", who)
    assert not (library / FILE_NAME).exists()
    bpy.ops.wm.save_as_mainfile(filepath=str(library / "poses.blend"))
    catalogue_file = (library / FILE_NAME).read_text(encoding="utf-8")
    assert f":HUND/{tmp_path.name}:" in catalogue_file
    bpy.ops.wm.open_mainfile(filepath=str(library / "poses.blend"))
    action = bpy.data.actions[name]
    assert f"{action.asset_data.catalog_id}:HUND/" in catalogue_file
    assert tuple(action.preview.image_size) == (256, 256)


def test_catalogue_goes_to_the_root_of_the_library(body: Body, tmp_path: Path) -> None:
    (tmp_path / "poses").mkdir()
    libraries = bpy.context.preferences.filepaths.asset_libraries
    library = libraries.new(name="Mine", directory=str(tmp_path))
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "poses" / "poses.blend"))
        make(body, tmp_path / "jump.png", somebody(body, 1))
    finally:
        libraries.remove(library)
    assert (tmp_path / FILE_NAME).exists()
    assert not (tmp_path / "poses" / FILE_NAME).exists()


def test_catalogue_that_cannot_be_written_is_told(body: Body, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "poses.blend"))
    (tmp_path / FILE_NAME).mkdir()
    result = made_result(body, tmp_path / "jump.png", [somebody(body, 1)])
    (problem,) = problems_of(add_pose_assets(bpy.context.scene.name, [result], MAKEHUMAN))
    assert FILE_NAME in problem.message
    assert problem.remedy
    assert "jump" in bpy.data.actions


def test_operator_takes_a_folder_and_names_the_broken(
    body: Body, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.png"):
        write_picture(tmp_path / name, 640, 480)
    (tmp_path / "broken.jpg").write_text("text")
    (tmp_path / "notes.txt").write_text("no photo")

    def estimate(photo: bytes) -> local_server.Reply:
        if photo.startswith(b"text"):
            return error(415, "not_an_image", "This file is no image.", "Choose a JPEG file.")
        return 200, made_people.answer([somebody(body, 1)])

    with local_server.running(estimate) as server:
        settings = ServerSettings(remote_address=server.address, remote_token=local_server.TOKEN)
        monkeypatch.setattr("hund_blender.operators.server_settings", lambda _: settings)
        done = bpy.ops.hund.import_photos(directory=str(tmp_path), make="POSE_ASSETS")
    assert done == {"FINISHED"}
    assert list(bpy.data.actions.keys()) == ["a", "b"]
    assert len(bpy.data.objects) == 0
    assert [problem.subject for problem in SLOT.problems] == ["broken.jpg"]


def test_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Choose one or more"):
        bpy.ops.hund.import_photos(directory=str(tmp_path), make="POSE_ASSETS")
