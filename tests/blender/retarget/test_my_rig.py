# SPDX-License-Identifier: GPL-3.0-or-later
"""“My Rig” as the artist uses it: rigs, maps, preview, results, undo."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from rig_motions import actor

from benchmarks.artist_rigs import build
from hund_blender import api
from hund_blender.body import Body
from hund_blender.retarget.presets import Preset, write_preset
from hund_blender.rig_preview import PREVIEW
from hund_blender.rig_settings import HundRetarget, retarget_of

ARM = "upperarm_l"


def settings() -> HundRetarget:
    return retarget_of(bpy.context.scene)


def select(*things: Any) -> None:
    for other in bpy.data.objects:
        other.select_set(other in things)
    bpy.context.view_layer.objects.active = things[0] if things else None


@pytest.fixture
def source(body: Body) -> Any:
    thing = actor(body, 4)
    bpy.context.scene.frame_set(2)
    settings().source = thing
    return thing


@pytest.fixture
def rig(body: Body, source: Any) -> Any:
    """A rig in the list, mapped."""
    thing = build("Unreal", body).armature
    select(thing)
    assert bpy.ops.hund.add_rigs() == {"FINISHED"}
    return thing


def pose_of(thing: Any) -> np.ndarray:
    return np.array([bone.matrix_basis for bone in thing.pose.bones])


def row(name: str) -> Any:
    return next(row for row in settings().rig().rows if row.slot == name)


def mark(name: str) -> None:
    mapped = settings().rig()
    mapped.active_row = next(n for n, one in enumerate(mapped.rows) if one.slot == name)


def test_added_rigs_are_mapped(body: Body, source: Any) -> None:
    rigs = [build(name, body, skin=True) for name in ("Unreal", "VRoid")]
    select(rigs[0].skin, rigs[1].armature)  # a mesh stands for its armature
    bpy.ops.hund.add_rigs()
    assert [(m.thing, m.family) for m in settings().rigs] == [
        (rigs[0].armature, "Unreal"), (rigs[1].armature, "VRoid"),
    ]  # fmt: skip
    assert all(mapped.sure == 1 for mapped in settings().rigs)
    with pytest.raises(RuntimeError, match="not in the list yet"):
        bpy.ops.hund.add_rigs()


def test_what_is_not_recognised_can_be_mapped_by_hand(body: Body, source: Any) -> None:
    armature = bpy.data.armatures.new("Snake")
    thing = bpy.data.objects.new("Snake", armature)
    bpy.context.scene.collection.objects.link(thing)
    select(thing)
    bpy.ops.object.mode_set(mode="EDIT")
    armature.edit_bones.new("Bone").tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.hund.add_rigs()
    mapped = settings().rig()
    assert (mapped.family, len(mapped.rows)) == ("", len({row.slot for row in mapped.rows}))
    with pytest.raises(RuntimeError, match="No human"):
        bpy.ops.hund.map_rig()


def test_pose_key_and_action(rig: Any) -> None:
    before = pose_of(rig)
    assert bpy.ops.hund.retarget(way="POSE") == {"FINISHED"}
    assert np.abs(pose_of(rig) - before).max() > 0.1
    assert rig.animation_data is None
    bpy.ops.hund.retarget(way="KEY")
    assert rig.animation_data.action.frame_range[:] == (2, 2)
    bpy.ops.hund.retarget(way="ACTION")
    assert rig.animation_data.action.frame_range[:] == (1, 4)
    assert rig.animation_data.action.name == "Poses Unreal"


@pytest.mark.parametrize("way", ["POSE", "KEY", "ACTION"])
def test_one_undo_takes_all_back(rig: Any, way: str) -> None:
    name, before = rig.name, pose_of(rig)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.hund.retarget("EXEC_DEFAULT", True, way=way)  # with undo, as buttons do it
    after = pose_of(rig)
    bpy.ops.ed.undo()
    thing = bpy.data.objects[name]
    np.testing.assert_allclose(pose_of(thing), before)
    assert thing.animation_data is None or thing.animation_data.action is None
    bpy.ops.ed.redo()
    np.testing.assert_allclose(pose_of(bpy.data.objects[name]), after)


def test_undo_after_a_preview_comes_back_to_the_pose_before_it(rig: Any) -> None:
    name, before = rig.name, pose_of(rig)
    bpy.ops.hund.preview_rig()
    bpy.ops.ed.undo_push(message="something is chosen during the preview")
    bpy.ops.hund.retarget("EXEC_DEFAULT", True, way="ACTION")
    bpy.ops.ed.undo()
    np.testing.assert_allclose(pose_of(bpy.data.objects[name]), before)


def test_one_motion_onto_several_rigs(body: Body, rig: Any) -> None:
    others = [build(name, body).armature for name in ("VRoid", "Mixamo")]
    select(*others)
    bpy.ops.hund.add_rigs()
    settings().rigs[1].chosen = False
    bpy.ops.hund.retarget(way="ACTION")
    assert [thing.animation_data is not None for thing in (rig, *others)] == [True, False, True]


def test_a_rig_that_cannot_be_posed_does_not_stop_the_others(body: Body, rig: Any) -> None:
    other = build("VRoid", body).armature
    select(other)
    bpy.ops.hund.add_rigs()
    bpy.data.objects.remove(rig)
    assert bpy.ops.hund.retarget(way="POSE") == {"FINISHED"}
    assert np.abs(pose_of(other) - np.eye(4)).max() > 0.1
    settings().rigs[1].chosen = False
    assert bpy.ops.hund.retarget(way="POSE") == {"CANCELLED"}


def test_without_source_or_motion_it_says_so(body: Body, rig: Any) -> None:
    settings().source = build("VRoid", body).armature
    with pytest.raises(RuntimeError, match="has no action"):
        bpy.ops.hund.retarget(way="ACTION")
    settings().source = None
    assert not bpy.ops.hund.retarget.poll()


def test_map_of_the_source_counts(rig: Any, source: Any) -> None:
    """Where the source was not recognised well it can be mapped in the list as well."""
    bpy.ops.hund.retarget(way="POSE")
    before = pose_of(rig)
    select(source)
    bpy.ops.hund.add_rigs()
    bpy.ops.hund.retarget(way="POSE")
    np.testing.assert_allclose(pose_of(rig), before, atol=1e-5)
    row("hand.L").bone = ""
    rig.pose.bones["hand_l"].rotation_quaternion = (1, 0, 0, 0)
    bpy.ops.hund.retarget(way="POSE")
    assert np.abs(pose_of(rig) - before).max() > 0.01
    settings().rigs[0].chosen = False
    assert not bpy.ops.hund.retarget.poll()


def test_preview_follows_and_goes_back(rig: Any) -> None:
    rig.pose.bones[ARM].rotation_quaternion = (0.8, 0.6, 0, 0)
    before = pose_of(rig)
    bpy.ops.hund.preview_rig()
    followed = pose_of(rig)
    assert np.abs(followed - before).max() > 0.1
    settings().mirror = True
    assert np.abs(pose_of(rig) - followed).max() > 0.1
    settings().mirror = False
    np.testing.assert_allclose(pose_of(rig), followed, atol=1e-5)
    row("head").bone = ""
    assert np.abs(pose_of(rig) - followed).max() > 0.01
    bpy.ops.hund.preview_rig()
    np.testing.assert_allclose(pose_of(rig), before, atol=1e-6)
    assert not PREVIEW.is_on


def test_preview_blends_with_what_was_before(rig: Any) -> None:
    bpy.ops.hund.preview_rig()
    for _ in range(3):
        settings().amount = 0.5
    half = pose_of(rig)
    settings().amount = 0.0
    np.testing.assert_allclose(pose_of(rig), np.tile(np.eye(4), (len(half), 1, 1)), atol=1e-5)


def test_applying_ends_the_preview(rig: Any) -> None:
    bpy.ops.hund.preview_rig()
    followed = pose_of(rig)
    bpy.ops.hund.retarget(way="POSE")
    assert not PREVIEW.is_on
    np.testing.assert_allclose(pose_of(rig), followed, atol=1e-5)


def test_preview_says_why_it_does_not_follow(rig: Any) -> None:
    for one in settings().rig().rows:
        one.bone = ""
    bpy.ops.hund.preview_rig()
    assert "has no bone map" in PREVIEW.message


def test_eyedropper_takes_the_active_bone(rig: Any) -> None:
    mark("head")
    rig.data.bones.active = rig.data.bones["neck_01"]
    bpy.ops.hund.take_bone()
    assert row("head").bone == "neck_01"
    rig.data.bones.active = None
    with pytest.raises(RuntimeError, match="Select a bone"):
        bpy.ops.hund.take_bone()
    bpy.ops.hund.show_bone()
    assert rig.data.bones.active.name == "neck_01"
    row("head").bone = "gone"
    with pytest.raises(RuntimeError, match="no such bone"):
        bpy.ops.hund.show_bone()


def test_chains_grow(rig: Any) -> None:
    mark("neck")
    bpy.ops.hund.add_map_row()
    assert [one.bone for one in settings().rig().rows if one.slot == "neck"] == ["neck_01", ""]
    mark("head")
    assert not bpy.ops.hund.add_map_row.poll()


def test_other_side_is_filled_in(rig: Any) -> None:
    row("forearm.R").bone = ""
    bpy.ops.hund.mirror_map(to=".R")
    assert row("forearm.R").bone == "lowerarm_r"


def test_maps_are_saved_and_loaded(rig: Any, tmp_path: Path) -> None:
    row("head").bone = "neck_01"
    path = str(tmp_path / "hero.json")
    bpy.ops.hund.save_map(filepath=path)
    bpy.ops.hund.map_rig()
    assert row("head").bone == "head"
    bpy.ops.hund.load_map(filepath=path)
    assert row("head").bone == "neck_01"
    assert settings().rig().family == "hero"
    bpy.ops.hund.use_preset(preset="Unreal")
    assert row("head").bone == "head"
    with pytest.raises(RuntimeError, match="none of the bones"):
        bpy.ops.hund.use_preset(preset="MikuMikuDance")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(RuntimeError, match="no bone map"):
        bpy.ops.hund.load_map(filepath=str(tmp_path / "bad.json"))


def test_maps_are_kept_with_the_file(rig: Any, tmp_path: Path) -> None:
    row("head").bone = "neck_01"
    path = str(tmp_path / "file.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert row("head").bone == "neck_01"
    assert settings().rig().preset().bones["spine"] == ("spine_01", "spine_02", "spine_03")


@pytest.mark.parametrize("remove", [False, True])
def test_source_is_hidden_or_removed(rig: Any, source: Any, remove: bool) -> None:
    name = source.name
    bpy.ops.hund.retarget(way="POSE")
    before = pose_of(rig)
    bpy.ops.hund.drop_source(remove=remove)
    assert (name not in bpy.data.objects) == remove
    assert remove or source.hide_get()
    np.testing.assert_allclose(pose_of(rig), before)


def test_what_is_in_no_view_is_no_obstacle_to_hiding(rig: Any, source: Any) -> None:
    away = bpy.data.objects.new("Away", bpy.data.meshes.new("Away"))
    away.parent = source
    bpy.ops.hund.drop_source()
    assert source.hide_get()
    assert away.hide_render


def test_rigs_leave_the_list(rig: Any) -> None:
    bpy.ops.hund.remove_rig()
    assert settings().rig() is None
    assert not bpy.ops.hund.remove_rig.poll()
    assert rig.name in bpy.data.objects


def test_linked_rig_is_overridden_by_a_button(body: Body, source: Any, tmp_path: Path) -> None:
    rig = build("Unreal", body).armature
    path = str(tmp_path / "library.blend")
    bpy.data.libraries.write(path, {rig})
    bpy.data.objects.remove(rig)
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        wanted.objects = ["Unreal"]
    linked = wanted.objects[0]
    bpy.context.scene.collection.objects.link(linked)
    select(linked)
    bpy.ops.hund.add_rigs()
    assert bpy.ops.hund.retarget(way="POSE") == {"CANCELLED"}
    bpy.ops.hund.override_rig()
    override = settings().rig().thing
    assert override.override_library
    assert bpy.ops.hund.retarget(way="POSE") == {"FINISHED"}
    assert np.abs(pose_of(override) - np.eye(4)).max() > 0.1


def test_scripts_need_no_panel(body: Body, source: Any, tmp_path: Path) -> None:
    rigs = [build(name, body).armature for name in ("Unreal", "VRoid")]
    cube = bpy.data.objects.new("Bare", bpy.data.armatures.new("Bare"))
    problems = api.retarget(source, [*rigs, cube])
    assert [(problem.subject, bool(problem.remedy)) for problem in problems] == [("Bare", True)]
    assert [thing.animation_data.action.frame_range[:] for thing in rigs] == [(1, 4)] * 2
    path = tmp_path / "only_arm.json"
    write_preset(path, Preset("arm", {"upper_arm.L": (ARM,), "upper_arm.R": ("upperarm_r",)}))
    before = pose_of(rigs[0])
    assert api.retarget(source, rigs[:1], api.POSE, api.RetargetOptions(), [path]) == ()
    assert np.abs(pose_of(rigs[0]) - before).max() > 0.01
