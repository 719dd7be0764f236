# SPDX-License-Identifier: GPL-3.0-or-later
"""BVH files of other skeletons, and of our own, move our body alike."""

from __future__ import annotations

from pathlib import Path

import made_motion
import numpy as np
import other_files
import pytest

from hund_blender.body import Body
from hund_blender.bones import drawn_bones
from hund_blender.clip.conversion import motion_of, world_of
from hund_blender.clip.data import Clip
from hund_blender.clip.motion import Motion
from hund_blender.clip.motion_files import bvh_bytes
from hund_blender.clip.mover import Mover
from hund_blender.errors import ClipError
from hund_blender.other_results.bvh import read_bvh
from hund_blender.other_results.files import read_result
from hund_blender.other_results.posed_body import average_adult
from hund_blender.rigs import GAME_ENGINE, MAKEHUMAN, MIXAMO, rig_of

# Slots of a stick figure: parent, offset in a T-pose (x left, y up, z ahead, centimetres), and
# what Mixamo, CMU's converted files and SMPL's call it; {0} is the side.
FIGURE = {
    "hips": ("", (0, 95, 0), "mixamorig:Hips", "Hips", "Pelvis"),
    "spine": ("hips", (0, 10, 0), "mixamorig:Spine", "LowerBack", "Spine1"),
    "chest": ("spine", (0, 20, 0), "mixamorig:Spine1", "Spine", "Spine2"),
    "upper": ("chest", (0, 10, 0), "mixamorig:Spine2", "Spine1", "Spine3"),
    "neck": ("upper", (0, 15, 0), "mixamorig:Neck", "Neck", "Neck"),
    "head": ("neck", (0, 10, 0), "mixamorig:Head", "Head", "Head"),
    "shoulder": ("upper", (4, 10, 0), "mixamorig:{0}Shoulder", "{0}Shoulder", "{1}_Collar"),
    "arm": ("shoulder", (14, 0, 0), "mixamorig:{0}Arm", "{0}Arm", "{1}_Shoulder"),
    "forearm": ("arm", (28, 0, 0), "mixamorig:{0}ForeArm", "{0}ForeArm", "{1}_Elbow"),
    "hand": ("forearm", (25, 0, 0), "mixamorig:{0}Hand", "{0}Hand", "{1}_Wrist"),
    "thigh": ("hips", (9, -5, 0), "mixamorig:{0}UpLeg", "{0}UpLeg", "{1}_Hip"),
    "shin": ("thigh", (0, -42, 0), "mixamorig:{0}Leg", "{0}Leg", "{1}_Knee"),
    "foot": ("shin", (0, -41, 0), "mixamorig:{0}Foot", "{0}Foot", "{1}_Ankle"),
    "toes": ("foot", (0, -7, 12), "mixamorig:{0}ToeBase", "{0}ToeBase", "{1}_Foot"),
}
MIDDLE = ("hips", "spine", "chest", "upper", "neck", "head")
NAMINGS = {"mixamo": 2, "cmu": 3, "smpl": 4}
CHANNELS = "Zrotation Xrotation Yrotation"
# Turns of joints in degrees about x, y, z of the file, and where our limbs point then, in Blender.
MOVES = {
    "arm down": ("armRight", (0, 0, 90), ("upperarm01.R", "lowerarm01.R"), (0, 0, -1)),
    "arm ahead": ("armLeft", (0, -90, 0), ("upperarm01.L", "lowerarm01.L"), (0, -1, 0)),
    "elbow up": ("forearmLeft", (0, 0, 90), ("lowerarm01.L", "wrist.L"), (0, 0, 1)),
    "knee back": ("shinRight", (90, 0, 0), ("lowerleg01.R", "foot.R"), (0, 1, 0)),
    "leg ahead": ("thighLeft", (-90, 0, 0), ("upperleg01.L", "lowerleg01.L"), (0, -1, 0)),
    "turned left": ("hips", (0, 90, 0), ("upperarm01.R", "lowerarm01.R"), (0, -1, 0)),
}


def joints() -> list[tuple[str, str]]:
    """Slots with their sides, in the order of the file."""
    sided = [slot for slot in FIGURE if slot not in MIDDLE]
    arms, legs = sided[:4], sided[4:]
    rows = [(slot, "") for slot in MIDDLE]
    for limb in (arms, legs):
        rows += [(slot, side) for side in ("Left", "Right") for slot in limb]
    return rows


def figure(naming: str, turned: str = "", turn: tuple[float, ...] = (0, 0, 0)) -> str:
    """Two frames of somebody who goes 50 cm ahead, with one joint turned."""
    order: list[str] = []

    def lines(slot: str, side: str) -> list[str]:
        parent, (x, y, z), *names = FIGURE[slot]
        order.append(slot + side)
        name = names[NAMINGS[naming] - 2].format(side, side[:1])
        places = "3" if parent else "6 Xposition Yposition Zposition"
        own = [f"OFFSET {-x if side == 'Right' else x} {y} {z}", f"CHANNELS {places} {CHANNELS}"]
        children = [row for row in joints() if FIGURE[row[0]][0] == slot and row[1] in (side, "")]
        if not side:
            children = [row for row in joints() if FIGURE[row[0]][0] == slot]
        for child in children:
            own += lines(*child)
        if not children:
            own.append("End Site { OFFSET 0 0 5 }")
        return [f"{'JOINT' if parent else 'ROOT'} {name}", "{", *own, "}"]

    hierarchy = lines("hips", "")
    rows = []
    for ahead in (0.0, 50.0):
        values = [0.0, 95.0, ahead]
        for joint in order:
            x, y, z = turn if joint == turned else (0, 0, 0)
            values += [z, x, y]
        rows.append(" ".join(map(str, values)))
    return "\n".join(["HIERARCHY", *hierarchy, "MOTION", "Frames: 2", "Frame Time: 0.04", *rows])


def mover(body: Body, rig: str = MAKEHUMAN) -> Mover:
    chosen, rest = rig_of(rig, body), body.rest(average_adult(body)).standing()
    return Mover.of(chosen, rest, drawn_bones(chosen, rest).frames)


def read(path: Path, body: Body) -> Clip:
    return read_result(path)(body, average_adult(body))


def heads(body: Body, clip: Clip) -> tuple[dict[str, np.ndarray], Motion]:
    """Places (F, 3) of our bones' heads, by name."""
    who = mover(body)
    motion = motion_of(clip, clip.tracks[0], world_of(clip, body), who)
    turns = who.skeleton.turns(motion.rotations_wxyz)
    places = who.skeleton.placed(turns, motion.root_m)
    return dict(zip(who.skeleton.names, places.swapaxes(0, 1), strict=True)), motion


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("move", MOVES)
def test_limbs_point_where_those_of_the_file_do(
    body: Body, naming: str, move: str, tmp_path: Path
) -> None:
    joint, turn, (start, end), direction = MOVES[move]
    (tmp_path / "a.bvh").write_text(figure(naming, joint, turn))
    places, _ = heads(body, read(tmp_path / "a.bvh", body))
    limb = places[end][0] - places[start][0]
    assert limb / np.linalg.norm(limb) == pytest.approx(direction, abs=0.05)


@pytest.mark.parametrize("naming", NAMINGS)
def test_the_way_is_as_long_as_the_legs(body: Body, naming: str, tmp_path: Path) -> None:
    (tmp_path / "a.bvh").write_text(figure(naming))
    clip = read(tmp_path / "a.bvh", body)
    assert clip.fps == pytest.approx(25.0)
    places, motion = heads(body, clip)
    step = motion.root_m[1] - motion.root_m[0]
    assert step == pytest.approx([0, -0.5 * mover(body).skeleton.leg_m / 0.83, 0], abs=0.03)
    assert places["foot.L"][0, 2] == pytest.approx(0.07, abs=0.04)


@pytest.mark.parametrize("rig", [MAKEHUMAN, MIXAMO, GAME_ENGINE])
def test_our_own_files_come_back(body: Body, rig: str, tmp_path: Path) -> None:
    """Limbs within a degree; the rigs with merged bones tell less of the spine."""
    bones = made_motion.skeleton(body, rig)
    who = mover(body, rig)
    moved = made_motion.walk(bones, 12)
    (tmp_path / "a.bvh").write_bytes(bvh_bytes(moved, who))
    clip = read(tmp_path / "a.bvh", body)
    back = motion_of(clip, clip.tracks[0], world_of(clip, body), who)
    turns = [bones.turns(motion.rotations_wxyz) for motion in (moved, back)]
    limbs = [bone for leg in bones.legs for bone in (leg.thigh, leg.shin, leg.foot)]
    apart = np.degrees(made_motion.angles_between(*turns))
    assert apart[:, limbs].max() < 1.0
    steps = [motion.root_m - motion.root_m[0] for motion in (moved, back)]
    assert np.abs(steps[0] - steps[1]).max() < 0.01


def test_all_turns_of_our_own_files_come_back(body: Body, tmp_path: Path) -> None:
    moved = other_files.motion(body, 12)
    (tmp_path / "a.bvh").write_bytes(bvh_bytes(moved, other_files.mover(body)))
    bvh = read_bvh((tmp_path / "a.bvh").read_text())
    assert bvh.names == other_files.mover(body).skeleton.names
    assert bvh.local.shape == (12, len(bvh.names), 4, 4)
    back = motion_of(
        clip := read(tmp_path / "a.bvh", body), clip.tracks[0], world_of(clip, body), mover(body)
    )
    skeleton = other_files.mover(body).skeleton
    turns = [skeleton.turns(motion.rotations_wxyz) for motion in (moved, back)]
    mapped = [skeleton.names.index(name) for name in ("root", "head", "wrist.L", "spine02")]
    apart = np.degrees(made_motion.angles_between(*turns))[:, mapped]
    assert apart.max() < 1.0


BROKEN = {
    "empty": ("", "ends early"),
    "other": ("solid cube", "does not begin with HIERARCHY"),
    "cut": (figure("cmu")[:400], "ends early"),
    "fewer numbers": (figure("cmu").rsplit(" ", 3)[0], "2 frames with 69 numbers each"),
    "words": (figure("cmu").replace("50.0", "far"), "damaged"),
    "no number": (figure("cmu").replace("50.0", "nan"), "no frames"),
    "no time": (figure("cmu").replace("0.04", "0"), "no frames"),
    "channel": (figure("cmu").replace("Xrotation", "Xscale", 1), "Xscale"),
    "nobody": (
        "HIERARCHY ROOT a { OFFSET 0 0 0 CHANNELS 3 Xrotation Yrotation Zrotation "
        "JOINT b { OFFSET 0 1 0 CHANNELS 0 End Site { OFFSET 0 1 0 } } } "
        "MOTION Frames: 1 Frame Time: 0.1 0 0 0",
        "No human was recognised in the joints a, b",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_are_told_with_a_remedy(case: str, tmp_path: Path) -> None:
    text, message = BROKEN[case]
    (tmp_path / "a.bvh").write_text(text)
    with pytest.raises(ClipError, match=message) as error:
        read_result(tmp_path / "a.bvh")
    assert error.value.message.startswith("a.bvh: ")
    assert error.value.remedy
