# SPDX-License-Identifier: GPL-3.0-or-later
"""The body sliders: what they make is what an import of that shape makes, and work is kept."""

from pathlib import Path
from typing import Any

import bpy
import made_people
import numpy as np
import pytest
from looking import evaluated_vertices
from made_photos import add, made_result, meshes_of

from hund_blender.body import Body
from hund_blender.panels import HUND_PT_body
from hund_blender.rigs import GAME_ENGINE, MIXAMO
from hund_blender.scene import body_data
from hund_blender.scene.armature import rest_frames
from hund_blender.scene.body_data import NAME
from hund_blender.scene.character import shape_obstacle
from hund_blender.scene.people import DEFAULT_SCENE, SceneOptions

TENTH_MM = 1e-4
CHILD = {"age": 0.25, "gender": 0.8, "weight": 0.9}


@pytest.fixture
def person(body: Body) -> dict[str, Any]:
    return made_people.person(body, 1)


@pytest.fixture
def armature(body: Body, tmp_path: Path, person: dict[str, Any]) -> bpy.types.Object:
    add(made_result(body, tmp_path / "one.png", [person]))
    return bpy.data.objects["one Person 1"]


@pytest.fixture
def skin(armature: bpy.types.Object) -> bpy.types.Object:
    return meshes_of("one")[0]


def set_sliders(armature: bpy.types.Object, values: dict[str, float]) -> None:
    for name, value in values.items():
        setattr(armature.data.hund, name, value)
        assert getattr(armature.data.hund, name) == pytest.approx(value)


def built_anew(
    body: Body,
    tmp_path: Path,
    person: dict[str, Any],
    values: dict[str, float],
    options: SceneOptions = DEFAULT_SCENE,
) -> bpy.types.Object:
    """The skin of the same person imported in another shape."""
    parameters = person["parameters"]
    other = parameters | {"phenotypes": parameters["phenotypes"] | values}
    add(made_result(body, tmp_path / "anew.png", [person | {"parameters": other}]), options=options)
    return meshes_of("anew")[0]


def centred(points: np.ndarray) -> np.ndarray:
    return points - points.mean(0)


def test_a_new_shape_is_that_of_an_import(
    body: Body, tmp_path: Path, person: dict[str, Any], skin: bpy.types.Object
) -> None:
    set_sliders(skin.parent, CHILD)
    anew = built_anew(body, tmp_path, person, CHILD)
    np.testing.assert_allclose(
        centred(evaluated_vertices(skin)), centred(evaluated_vertices(anew)), atol=TENTH_MM
    )
    names = body.bone_names
    np.testing.assert_allclose(
        rest_frames(skin.parent, names), rest_frames(anew.parent, names), atol=TENTH_MM
    )
    lengths = [[ob.data.bones[name].length for name in names] for ob in (skin.parent, anew.parent)]
    np.testing.assert_allclose(lengths[0], lengths[1], atol=TENTH_MM)


@pytest.mark.parametrize("rig", [MIXAMO, GAME_ENGINE])
def test_merged_bones_take_a_new_shape_nearly_as_an_import(
    body: Body, tmp_path: Path, person: dict[str, Any], rig: str
) -> None:
    options = SceneOptions(rig=rig)
    add(made_result(body, tmp_path / "one.png", [person]), options=options)
    skin = meshes_of("one")[0]
    set_sliders(skin.parent, CHILD)
    anew = built_anew(body, tmp_path, person, CHILD, options)
    misses = centred(evaluated_vertices(skin)) - centred(evaluated_vertices(anew))
    assert np.linalg.norm(misses, axis=1).mean() < 0.008


def test_dragging_there_and_back_is_no_change(armature: bpy.types.Object) -> None:
    skin = meshes_of("one")[0]
    before, age = evaluated_vertices(skin), armature.data.hund.age
    for value in (*np.linspace(age, 0, 20), *np.linspace(0, age, 20)):
        armature.data.hund.age = value
    np.testing.assert_allclose(evaluated_vertices(skin), before, atol=TENTH_MM)


def test_soles_stay_at_their_height(skin: bpy.types.Object) -> None:
    skin.parent.rotation_euler.z = 1.0
    skin.parent.location.z = 0.5
    before = evaluated_vertices(skin)[:, 2].min()
    set_sliders(skin.parent, CHILD)
    assert evaluated_vertices(skin)[:, 2].min() == pytest.approx(before, abs=TENTH_MM)


def test_a_character_at_rest_rests_in_its_new_shape(
    body: Body, person: dict[str, Any], skin: bpy.types.Object
) -> None:
    for bone in skin.parent.pose.bones:
        bone.matrix_basis.identity()
    for key in skin.data.shape_keys.key_blocks:
        key.value = 0
    set_sliders(skin.parent, CHILD)
    rest = body.rest(person["parameters"]["phenotypes"] | CHILD).standing()
    local = evaluated_vertices(skin) - np.array(skin.parent.location)
    np.testing.assert_allclose(local, rest.vertices, atol=TENTH_MM)


def test_expression_sculpting_and_keys_of_the_artist_stay(
    body: Body, skin: bpy.types.Object
) -> None:
    keys = skin.data.shape_keys.key_blocks
    own = skin.shape_key_add(name="horns", from_mix=False)
    own.points[5].co.z += 0.3
    keys["Basis"].points[7].co.x += 0.2
    offsets = [keys["jawOpen"].points[i].co - keys["Basis"].points[i].co for i in range(9)]
    set_sliders(skin.parent, CHILD)
    assert keys["jawOpen"].value == pytest.approx(0.6)
    assert (own.points[5].co - keys["Basis"].points[5].co).z == pytest.approx(0.3, abs=TENTH_MM)
    for i, offset in enumerate(offsets):
        moved = keys["jawOpen"].points[i].co - keys["Basis"].points[i].co
        np.testing.assert_allclose(moved, offset, atol=TENTH_MM)


def test_pose_of_the_artist_stays(skin: bpy.types.Object) -> None:
    bone = skin.parent.pose.bones["lowerarm01.L"]
    bone.rotation_mode = "XYZ"
    bone.rotation_euler = (1.2, 0, 0)
    skin.parent.pose.bones["head"].scale = (2, 2, 2)
    set_sliders(skin.parent, {"weight": 0.2})
    assert bone.rotation_mode == "XYZ"
    assert bone.rotation_euler.x == pytest.approx(1.2, abs=0.1)
    assert tuple(skin.parent.pose.bones["head"].scale) == (2, 2, 2)


def test_what_was_cut_off_joined_or_hung_on_comes_along(
    body: Body, person: dict[str, Any], skin: bpy.types.Object
) -> None:
    armature = skin.parent
    bpy.ops.mesh.primitive_cube_add(location=(5, 0, 1))
    cube, view_layer = bpy.context.object, bpy.context.view_layer
    with bpy.context.temp_override(active_object=skin, selected_editable_objects=[skin, cube]):
        bpy.ops.object.join()
    view_layer.objects.active = skin
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="DESELECT")
    bpy.ops.object.mode_set(mode="OBJECT")
    for i in range(100):
        skin.data.vertices[i].select = True
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.delete(type="VERT")
    bpy.ops.object.mode_set(mode="OBJECT")
    assert len(skin.data.vertices) == len(body.arrays["template_vertices"]) - 100 + 8
    rest_points = np.array([vertex.co for vertex in skin.data.vertices])
    set_sliders(armature, CHILD)
    moved = np.array([vertex.co for vertex in skin.data.vertices])
    np.testing.assert_array_equal(moved[-8:], rest_points[-8:])
    rest = body.rest(person["parameters"]["phenotypes"] | CHILD).standing()
    np.testing.assert_allclose(moved[:-8], rest.vertices[100:], atol=TENTH_MM)


def test_bones_of_the_artist_go_with_those_they_hang_on(armature: bpy.types.Object) -> None:
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bones = armature.data.edit_bones
    tool = bones.new("tool")
    tool.parent = bones["wrist.L"]
    tool.head, tool.tail = bones["wrist.L"].tail, bones["wrist.L"].tail + bones["wrist.L"].vector
    bpy.ops.object.mode_set(mode="OBJECT")

    def tool_from_wrist() -> Any:
        return armature.data.bones["tool"].head_local - armature.data.bones["wrist.L"].head_local

    before = tool_from_wrist()
    set_sliders(armature, CHILD)
    np.testing.assert_allclose(tool_from_wrist(), before, atol=TENTH_MM)


@pytest.mark.parametrize("mode", ["OBJECT", "POSE"])
def test_mode_and_active_object_stay(armature: bpy.types.Object, mode: str) -> None:
    bpy.context.view_layer.objects.active = armature if mode == "POSE" else meshes_of("one")[0]
    bpy.ops.object.mode_set(mode=mode)
    active = bpy.context.view_layer.objects.active
    set_sliders(armature, CHILD)
    assert bpy.context.view_layer.objects.active == active
    assert bpy.context.mode == mode


def test_undo_and_redo(skin: bpy.types.Object) -> None:
    names, before = (skin.name, skin.parent.name), evaluated_vertices(skin)
    bpy.ops.ed.undo_push(message="Before")
    set_sliders(skin.parent, CHILD)
    changed = evaluated_vertices(skin)
    bpy.ops.ed.undo_push(message="Age")
    bpy.ops.ed.undo()
    skin, armature = (bpy.data.objects[name] for name in names)
    np.testing.assert_allclose(evaluated_vertices(skin), before, atol=TENTH_MM)
    assert armature.data.hund.age > 0.5
    bpy.ops.ed.redo()
    skin, armature = (bpy.data.objects[name] for name in names)
    np.testing.assert_allclose(evaluated_vertices(skin), changed, atol=TENTH_MM)
    assert armature.data.hund.age == pytest.approx(CHILD["age"])


def test_a_saved_file_changes_shape_elsewhere(
    body: Body, tmp_path: Path, person: dict[str, Any], armature: bpy.types.Object
) -> None:
    """Nothing but the file: no server, nothing remembered from the session that made it."""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    body_data._LOADED.clear()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    skin = meshes_of("one")[0]
    set_sliders(skin.parent, CHILD)
    anew = built_anew(body, tmp_path, person, CHILD)
    np.testing.assert_allclose(
        centred(evaluated_vertices(skin)), centred(evaluated_vertices(anew)), atol=TENTH_MM
    )
    assert [text.name for text in bpy.data.texts] == [NAME]


def test_body_data_goes_with_characters_and_ends_with_the_last(
    tmp_path: Path, armature: bpy.types.Object
) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "saved.blend")) as (_, wanted):
        wanted.objects = ["one Person 1"]
    appended = bpy.data.objects["one Person 1"]
    bpy.context.scene.collection.objects.link(appended)
    bpy.context.view_layer.update()
    set_sliders(appended, CHILD)
    bpy.data.objects.remove(appended)
    bpy.data.orphans_purge(do_recursive=True)
    assert not bpy.data.texts


def test_a_linked_character_is_changed_where_it_comes_from(
    tmp_path: Path, armature: bpy.types.Object
) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    library = bpy.data.libraries.load(str(tmp_path / "saved.blend"), link=True)
    with library as (_, wanted):
        wanted.collections = ["one"]
    bpy.context.scene.collection.children.link(bpy.data.collections["one"])
    bpy.context.view_layer.update()
    problem = shape_obstacle(bpy.data.armatures["one Person 1"])
    assert problem is not None
    assert "file" in problem.remedy


def test_linked_duplicates_share_a_shape(skin: bpy.types.Object) -> None:
    twin_armature, twin = skin.parent.copy(), skin.copy()
    twin.parent = twin.modifiers[0].object = twin_armature
    for thing in (twin_armature, twin):
        bpy.context.scene.collection.objects.link(thing)
    twin_armature.location.x += 3
    set_sliders(twin_armature, CHILD)
    set_sliders(skin.parent, {"age": 0.9})
    away = evaluated_vertices(twin) - evaluated_vertices(skin)
    np.testing.assert_allclose(away, np.tile([3.0, 0, 0], (len(away), 1)), atol=TENTH_MM)


def test_reset_brings_the_photos_shape_back(skin: bpy.types.Object) -> None:
    before = evaluated_vertices(skin)
    bpy.context.view_layer.objects.active = skin
    assert not bpy.ops.hund.reset_shape.poll()
    set_sliders(skin.parent, CHILD)
    assert bpy.ops.hund.reset_shape() == {"FINISHED"}
    np.testing.assert_allclose(evaluated_vertices(skin), before, atol=TENTH_MM)


def test_panel_shows_with_characters_only(armature: bpy.types.Object) -> None:
    skin, view_layer = meshes_of("one")[0], bpy.context.view_layer
    for thing in (armature, skin):
        view_layer.objects.active = thing
        assert HUND_PT_body.poll(bpy.context)
    bpy.data.objects.remove(skin)
    view_layer.objects.active = armature
    set_sliders(armature, CHILD)  # bones alone follow, too
    bpy.data.objects.remove(armature)
    assert not HUND_PT_body.poll(bpy.context)
    bpy.ops.object.armature_add()
    assert not HUND_PT_body.poll(bpy.context)


def edit(thing: bpy.types.Object) -> None:
    bpy.context.view_layer.objects.active = thing
    bpy.ops.object.mode_set(mode="EDIT")


def subdivide(thing: bpy.types.Object) -> None:
    edit(thing)
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.subdivide()
    bpy.ops.object.mode_set(mode="OBJECT")


OBSTACLES = {
    "hidden": lambda skin: skin.parent.hide_set(True),
    "edited bones": lambda skin: edit(skin.parent),
    "edited mesh": edit,
    "subdivided mesh": subdivide,
    "renamed bone": lambda skin: setattr(skin.parent.data.bones["head"], "name", "Kopf"),
    "deleted data": lambda _: bpy.data.texts.remove(bpy.data.texts[NAME]),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_obstacles_are_told_and_nothing_changes(name: str, skin: bpy.types.Object) -> None:
    OBSTACLES[name](skin)
    problem, age = shape_obstacle(skin.parent.data), skin.parent.data.hund.age
    assert problem is not None
    assert problem.remedy
    skin.parent.data.hund.age = 0.1
    assert skin.parent.data.hund.age == age
