# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded poses on rigs of many kinds: told by bones of the body that the rigs are made of."""

from dataclasses import replace

import numpy as np
import pytest
from rig_motions import given, target

from benchmarks.artist_rigs import FAMILIES, build
from benchmarks.mocap_actions import character
from benchmarks.retarget_measures import as_body, limb_errors, movement, turn_errors
from hund_blender.body import Body
from hund_blender.retarget.mapping import automatic_map
from hund_blender.retarget.presets import built_in_presets
from hund_blender.rigs import GAME_ENGINE, MAKEHUMAN, MIXAMO
from hund_blender.scene.retarget import RetargetOptions
from hund_blender.scene.retarget_source import whole_motion
from hund_blender.scene.rig_description import describe
from hund_blender.scene.rig_keys import animate_rig

EXACT = RetargetOptions(feet=False)
WITHOUT_NAMES = {"unnamed"}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_bone_is_found(body: Body, name: str) -> None:
    rig = build(name, body)
    found = automatic_map(describe(rig.armature), built_in_presets()).preset.bones
    leaders = {bones[0]: bone for bone, bones in rig.groups.items()}
    expected = {slot: leaders[bone] for slot, bone in leading_bones().items()}
    right = [slot for slot, bone in expected.items() if found.get(slot, ("",))[0] == bone]
    wanted = 0.9 if name in WITHOUT_NAMES else 0.95
    assert len(right) >= wanted * len(expected), set(expected) - set(right)


def leading_bones() -> dict[str, str]:
    """By slot, the body's bone that it begins with."""
    sided = {
        "shoulder": "clavicle", "upper_arm": "upperarm01", "forearm": "lowerarm01",
        "hand": "wrist", "thigh": "upperleg01", "shin": "lowerleg01", "foot": "foot",
        "toes": "toe3-1",
        **{f"{finger}{joint}": f"finger{number}-{joint}" for number, finger in
           enumerate(("thumb", "index", "middle", "ring", "pinky"), 1) for joint in (1, 2, 3)},
    }  # fmt: skip
    middle = {"hips": "root", "head": "head", "neck": "neck01"}
    return middle | {slot + at: bone + at for at in (".L", ".R") for slot, bone in sided.items()}


@pytest.mark.parametrize("name", FAMILIES)
def test_poses_arrive(body: Body, name: str) -> None:
    (source, before), rig = given(body), build(name, body)
    animate_rig(target(rig.armature), source, EXACT)
    after = movement(rig, source.frames)
    limbs = limb_errors(before, after)
    assert np.median(limbs) <= 0.5
    assert limbs.max() <= 4
    assert turn_errors(before, after, "wrist.L", "wrist.R").max() <= 3
    assert turn_errors(before, after, "foot.L", "foot.R").max() <= 1
    assert turn_errors(before, after, "root", "head", "spine01").max() <= 0.1


@pytest.mark.parametrize("name", ["Mixamo", "Unreal", "SMPL-X", "MakeHuman"])
def test_there_and_back_again(body: Body, name: str) -> None:
    (source, before), rig = given(body), build(name, body)
    animate_rig(target(rig.armature), source, EXACT)
    back = character(body)
    animate_rig(target(back), whole_motion(rig.armature), EXACT)
    after = movement(as_body(back, body), source.frames)
    assert limb_errors(before, after).max() <= 1
    ends = ("wrist.L", "wrist.R", "foot.L", "foot.R", "root", "spine01", "head")
    assert turn_errors(before, after, *ends).max() <= 1
    # Where limbs leave the trunk, rolls are spread on rigs with several bones for that.
    rolls = ("upperarm02.L", "lowerarm01.L", "lowerarm02.L", "upperleg02.R", "lowerleg01.R")
    assert np.percentile(turn_errors(before, after, *rolls), 99) <= 1.5
    assert name != "MakeHuman" or turn_errors(before, after, *body.bone_names).max() <= 1


def test_hips_go_along_in_the_rigs_own_size(body: Body) -> None:
    (source, _), rig = given(body, 5), build("Unreal", body)
    animate_rig(target(rig.armature), source, EXACT)
    again = whole_motion(rig.armature)
    np.testing.assert_allclose(again.posed.hips(), source.posed.hips(), atol=2e-3)


@pytest.mark.parametrize("name", ["chibi", "tall"])
def test_feet_stand_on_the_floor_of_other_bodies(body: Body, name: str) -> None:
    (source, _), rig = given(body), build(name, body)
    animate_rig(target(rig.armature), source)
    again = whole_motion(rig.armature)
    scale = again.posed.rest.legs / source.posed.rest.legs
    for slot in ("foot.L", "foot.R"):
        height, wanted = (
            one.places[slot][:, 2] - one.floor - one.rest.ankle_height(slot)
            for one in (again.posed, source.posed)
        )
        flat = (np.abs(wanted) < 0.03) & (source.posed.turn(slot)[:, 2, 2] > 0.995)
        assert np.abs(height - scale * wanted)[flat].max(initial=0) < 0.01 * scale
        # Hips are wider or narrower than its size: feet are so, too, always by as much.
        beside = again.posed.places[slot] - scale * source.posed.places[slot]
        assert np.ptp(np.linalg.norm(beside[flat, :2], axis=1)) < 0.01 * scale


def test_names_of_our_own_rigs_are_known(body: Body) -> None:
    for key in (MAKEHUMAN, MIXAMO, GAME_ENGINE):
        found = automatic_map(describe(character(body, rig_key=key)), built_in_presets())
        assert found.confidence == 1


def test_mirrored_twice_is_what_it_was(body: Body) -> None:
    source, before = given(body, 6)
    once, twice = build("Mixamo", body), build("Unreal", body)
    mirrored = replace(EXACT, mirror=True)
    animate_rig(target(once.armature), source, mirrored)
    animate_rig(target(twice.armature), whole_motion(once.armature), mirrored)
    assert limb_errors(before, movement(twice, source.frames)).max() < 0.1
    right = movement(once, source.frames).turns["wrist.R"]
    left = before.turns["wrist.L"] * np.outer([-1, 1, 1], [-1, 1, 1])
    np.testing.assert_allclose(right, left, atol=0.02)
