# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone maps: files, names with all that may stand around them, structure, lists."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stick_figures import described, figure

from hund_blender.errors import MapError
from hund_blender.retarget.by_name import best_match
from hund_blender.retarget.by_structure import guess
from hund_blender.retarget.description import IkConstraint, RigDescription
from hund_blender.retarget.mapping import SOURCE, automatic_map
from hund_blender.retarget.presets import (
    Preset,
    built_in_presets,
    parse,
    read_preset,
    read_presets,
    to_json,
    write_preset,
)
from hund_blender.retarget.rows import Row, bones_of, flipped_name, rows_of, with_other_side
from hund_blender.retarget.shipped import BONE_MAPS
from hund_blender.retarget.slots import all_slots, label, main_slots, mirrored, part

PRESETS = built_in_presets()
BODY = set(main_slots(fingers=False))


@pytest.fixture(autouse=True)
def empty_file() -> None:
    """Nothing here looks at a file."""


def only_names(names: list[str]) -> RigDescription:
    """A rig that tells nothing but names."""
    return described({name: ("", np.array([0.0, 0.0, 0.1 * n])) for n, name in enumerate(names)})


def names_of(preset: Preset) -> list[str]:
    return list(dict.fromkeys(preset.all_names))


def test_every_file_is_a_map() -> None:
    paths = sorted(BONE_MAPS.glob("*.json"))
    assert len(paths) == len(PRESETS)
    for path in paths:
        preset = read_preset(path)
        assert preset.name
        assert preset.about
        assert set(preset.bones) <= set(all_slots())
        sides = [slot for slot in preset.bones if slot.endswith((".L", ".R"))]
        assert {mirrored(slot) for slot in sides} == set(sides)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
@pytest.mark.parametrize("around", ["{}", "hero:{}", "{}_jnt", "x_{}.001", "Armature|{}"])
@pytest.mark.parametrize("change", [str, str.upper])
def test_families_are_known_by_their_names(preset: Preset, around: str, change: Any) -> None:
    names = [change(around.format(name)) for name in names_of(preset)]
    match = best_match(only_names(names), PRESETS, lambda _: 1.0)
    assert match is not None
    own = {around.format(name): change(around.format(name)) for name in names_of(preset)}
    expected = preset.renamed({name: own[around.format(name)] for name in names_of(preset)})
    assert {s: match.preset.bones.get(s) for s in expected.bones if s in BODY} == {
        s: chain for s, chain in expected.bones.items() if s in BODY
    }


def test_controls_are_for_keys_and_deforming_bones_for_reading() -> None:
    rigify = next(preset for preset in PRESETS if preset.name == "Rigify")
    bones = next(preset for preset in PRESETS if preset.name == "Rigify bones")
    deform = [f"DEF-{name}" for name in names_of(bones)]
    names = [*names_of(rigify), *deform]
    rig = only_names(names)
    moves = np.array([name in deform for name in names])
    rig = replace(rig, deform=moves, driven=moves)
    assert automatic_map(rig, PRESETS).preset.bones["hand.L"] == ("hand_fk.L",)
    assert automatic_map(rig, PRESETS, SOURCE).preset.bones["hand.L"] == ("DEF-hand.L",)


@pytest.mark.parametrize("arms", [0, 40, 75])
@pytest.mark.parametrize("forearms", [1, 2])
def test_structure_tells_all_of_a_figure(arms: float, forearms: int) -> None:
    rig, bones = figure(arms=arms, forearms=forearms)
    found = guess(rig)
    assert found.bones == bones
    assert min(found.confidences.values()) > 0.5


def test_structure_tells_left_by_the_feet() -> None:
    rig, bones = figure()
    spun = rig.heads * [-1, -1, 1], rig.tails * [-1, -1, 1]
    found = guess(replace(rig, heads=spun[0], tails=spun[1]))
    assert found.bones == bones


def test_what_is_no_human_is_not_one() -> None:
    chain = {
        f"tail{n}": (f"tail{n - 1}" if n else "", np.array([0.1 * n, 0, 0])) for n in range(30)
    }
    with pytest.raises(MapError, match="No human"):
        automatic_map(described(chain), PRESETS)
    with pytest.raises(MapError, match="No human"):
        automatic_map(only_names(["Cube", "Bone"]), PRESETS)


def test_structure_fills_in_what_names_do_not_tell() -> None:
    rig, bones = figure()
    preset = Preset("mine", {**bones, "shin.L": ("calf",), "head": ("skull",)})
    found = automatic_map(rig, [preset])
    assert found.preset.bones["shin.L"] == ("shin.L",)
    assert found.preset.bones["head"] == ("head",)
    assert 0.9 < found.confidence < 1
    assert found.confidences["foot.L"] == 1


def test_ik_targets_of_limbs_are_found() -> None:
    rig, bones = figure()
    extra = {"aim": (rig.heads[rig.index["foot.L"]]), "pole": np.array([0.1, -0.5, 0.4])}
    places = {n: (rig.names[p] if p >= 0 else "", h) for n, p, h in
              zip(rig.names, rig.parents, rig.heads, strict=True)}  # fmt: skip
    rig = described({**places, **{name: ("", place) for name, place in extra.items()}})
    rig = replace(rig, ik=(IkConstraint("shin.L", "aim", "pole", 2),))
    found = automatic_map(rig, [Preset("mine", bones)]).preset.bones
    assert (found["foot_ik.L"], found["knee_pole.L"]) == (("aim",), ("pole",))
    assert "foot_ik.R" not in found


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_saved_and_loaded_is_the_same(preset: Preset, tmp_path: Path) -> None:
    write_preset(tmp_path / "a.json", preset)
    again = read_preset(tmp_path / "a.json")
    assert dict(again.bones) == dict(preset.bones)
    assert (again.switches, again.settings) == (preset.switches, preset.settings)
    assert (again.neutral, again.own_twist) == (preset.neutral, preset.own_twist)


@pytest.mark.parametrize(
    "data",
    [
        [], {"format": 2}, {"format": 1}, {"format": 1, "name": "x", "bones": {"tail": "Tail"}},
        {"format": 1, "name": "x", "bones": {"head": ["a", "b"]}},
        {"format": 1, "name": "x", "bones": {"hips": 3}},
        {"format": 1, "name": "x", "bones": {}, "switches": [{"limb": "wing", "bone": "b"}]},
    ],
)  # fmt: skip
def test_what_is_no_map_says_so(data: Any) -> None:
    with pytest.raises(MapError) as caught:
        parse(data)
    assert caught.value.remedy


def test_spoilt_files_do_not_hide_others(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text(json.dumps(to_json(PRESETS[0])))
    assert [preset.name for preset in read_presets(tmp_path)] == [PRESETS[0].name]
    with pytest.raises(MapError, match=r"a\.json"):
        read_preset(tmp_path / "a.json")
    with pytest.raises(MapError, match="written"):
        write_preset(tmp_path / "no" / "folder.json", PRESETS[0])


def test_rows_are_the_map() -> None:
    _, bones = figure(forearms=2)
    rows = list(rows_of(bones, {"head": 0.4}))
    assert bones_of(rows) == bones
    assert {row.slot for row in rows} == set(all_slots())
    assert next(row.sure for row in rows if row.slot == "head") == 0.4
    assert [row.bone for row in rows if row.slot == "forearm.L"] == ["forearm.L", "forearm1.L"]
    assert bones_of([Row("head", "a"), Row("head", "b")]) == {"head": ("a",)}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("hand.L", "hand.R"), ("hand_l", "hand_r"), ("mixamorig:LeftHand", "mixamorig:RightHand"),
        ("lHand", "rHand"), ("CC_Base_L_Hand", "CC_Base_R_Hand"), ("l_hand", "r_hand"),
        ("Bip01 L Hand", "Bip01 R Hand"), ("左手首", "右手首"),
        ("upper_arm.L.001", "upper_arm.R.001"),
    ],
)  # fmt: skip
def test_other_side_by_name(left: str, right: str) -> None:
    names = {left, right, "Head", "Hips"}
    assert (flipped_name(left, names), flipped_name(right, names)) == (right, left)
    assert flipped_name("Head", names) == ""


def test_one_side_fills_the_other() -> None:
    rig, bones = figure()
    half = {slot: chain for slot, chain in bones.items() if not slot.endswith(".R")}
    assert with_other_side(half, rig.names, ".R") == bones
    assert with_other_side(half, rig.names, ".L") == half


def test_labels_and_parts_are_for_people() -> None:
    assert label("upper_arm.L") == "Left Upper Arm"
    assert label("hand_ik.R") == "Right Hand IK"
    assert label("index2.L") == "Left Index 2"
    assert [part(slot) for slot in ("hips", "neck", "index1.L", "hand.L", "knee_pole.R")] == [
        "BODY", "HEAD", "HAND.L", "ARM.L", "LEG.R",
    ]  # fmt: skip
