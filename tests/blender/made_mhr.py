# SPDX-License-Identifier: GPL-3.0-or-later
"""A skeleton with the joints and parameters of MHR, of somebody who was made up.

Its bones lie and turn as in MHR: x runs along them, away from the body on the left and towards it
on the right, and bending is about z on both sides alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from other_files import OneCall, Scripted, torch_file

from hund_blender.other_results.mhr_model import JOINTS, LENGTHS, PARAMETERS, PER_JOINT
from hund_blender.retarget.turns import unit
from hund_blender.rotations import quaternions_from_matrices

SHAPES: Final = 45  # columns behind the parameters
CHANNELS: Final = ("tx", "ty", "tz", "rx", "ry", "rz", "sc")
LEFT, UP, AHEAD = np.eye(3)
FINGERS: Final = {"index": 2.5, "middle": 0.5, "ring": -1.5, "pinky": -3.3}  # cm towards the thumb
SPINE: Final = {"twist": "rx", "lean": "ry", "bend": "rz"}

Joint = tuple[str, str, Any, Any, Any]  # name, parent, place, and where its x and y point
Terms = dict[tuple[str, str], float]  # how much of a parameter goes to a joint's channel


def _frame(x: Any, y: Any) -> np.ndarray:
    x = unit(np.asarray(x, float))
    y = unit(y - x * (x @ y))
    return np.stack([x, y, np.cross(x, y)], -1)


def _trunk() -> Iterator[Joint]:
    yield "body_world", "", [0, 0, 0], LEFT, UP
    yield "root", "body_world", [0, 92, 0], LEFT, UP
    before = "root"
    for number, (height, depth) in enumerate([(97, 0), (107, -1), (119, -2), (131, -4)]):
        yield f"c_spine{number}", before, [0, height, depth], UP, AHEAD
        before = f"c_spine{number}"
    yield "c_neck", before, [0, 146, -3], UP, AHEAD
    yield "c_neck_twist1_proc", "c_neck", [0, 151, -2], UP, AHEAD
    yield "c_neck_twist0_proc", "c_neck", [0, 146, -3], UP, AHEAD
    yield "c_head", "c_neck", [0, 156, -1], UP, AHEAD
    yield "c_head_null", "c_head", [0, 176, 0], UP, AHEAD
    yield "c_jaw", "c_head", [0, 157, 2], AHEAD, UP
    for name in ("c_teeth", "c_jaw_null", "c_tongue0"):
        yield name, "c_jaw", [0, 153, 8], AHEAD, UP
    for number in range(1, 5):
        yield f"c_tongue{number}", f"c_tongue{number - 1}", [0, 154, 5 + number], AHEAD, UP


def _leg() -> Iterator[Joint]:
    hip, knee, ankle = np.array([[9.0, 90, 0], [10, 50, 1], [11, 9, -2]])
    yield "upleg", "root", hip, knee - hip, -AHEAD
    yield "lowleg", "upleg", knee, ankle - knee, -AHEAD
    yield "foot", "lowleg", ankle, ankle - knee, -AHEAD
    yield "talocrural", "foot", [11, 8, -2], -UP, -AHEAD
    yield "subtalar", "talocrural", [11, 5, -4], AHEAD, UP
    yield "transversetarsal", "subtalar", [11, 4, 4], AHEAD, UP
    yield "ball", "transversetarsal", [12, 2, 12], AHEAD, UP
    for number in range(5):
        place = hip + number / 4 * (knee - hip)
        yield f"upleg_twist{number}_proc", "upleg", place, knee - hip, -AHEAD
    for number in range(1, 5):
        place = knee + number / 5 * (ankle - knee)
        yield f"lowleg_twist{number}_proc", "lowleg", place, ankle - knee, -AHEAD


def _arm() -> Iterator[Joint]:
    upper, lower = unit(np.array([[0.72, -0.69, 0.05], [0.55, -0.62, 0.56]]))
    shoulder = np.array([17.0, 141, -3])
    elbow = shoulder + 28 * upper
    wrist = elbow + 25 * lower
    yield "clavicle", "c_spine3", [2, 140, 1], shoulder - [2, 140, 1], AHEAD
    yield "uparm", "clavicle", shoulder, upper, lower
    yield "lowarm", "uparm", elbow, lower, lower - upper
    yield "wrist_twist", "lowarm", wrist, lower, lower - upper
    thumb_side = unit(AHEAD - lower * (lower @ AHEAD))
    palm = np.cross(lower, thumb_side)  # the way that fingers fold
    yield "wrist", "wrist_twist", wrist, lower, palm
    for number in range(5):
        place = shoulder + number / 4 * (elbow - shoulder)
        yield f"uparm_twist{number}_proc", "uparm", place, upper, lower
    for number in range(1, 5):
        place = elbow + number / 5 * (wrist - elbow)
        yield f"lowarm_twist{number}_proc", "lowarm", place, lower, lower - upper
    yield "pinky0", "wrist", wrist + 2 * lower - 2 * thumb_side, lower, palm
    for finger, across in FINGERS.items():
        before = "pinky0" if finger == "pinky" else "wrist"
        place = wrist + 9 * lower + across * thumb_side
        ways = [unit(lower + bend * palm) for bend in (0.1, 0.3, 0.5)]
        names = (*(f"{finger}{number}" for number in (1, 2, 3)), f"{finger}_null")
        for name, way, length in zip(names, [*ways, ways[-1]], (4.0, 2.5, 2.0, 0.0), strict=True):
            yield name, before, place, way, palm
            before, place = name, place + length * way
    before, place = "wrist", wrist + lower + thumb_side
    way = unit(lower + 1.2 * thumb_side + 0.6 * palm)
    names = (*(f"thumb{number}" for number in range(4)), "thumb_null")
    for name, length in zip(names, (2.0, 4.0, 3.0, 2.5, 0.0), strict=True):
        yield name, before, place, way, palm - thumb_side
        before, place = name, place + length * way


def _eye() -> Iterator[Joint]:
    yield "eye", "c_head", [3, 166, 8], AHEAD, UP
    yield "eye_null", "eye", [3, 166, 9], AHEAD, UP


def _joints() -> dict[str, tuple[str, np.ndarray, np.ndarray]]:
    """By name: parent, place in cm, and axes (3, 3) in MHR's world."""
    found = {name: (up, np.array(place, float), _frame(x, y)) for name, up, place, x, y in _trunk()}
    for part in (_leg, _arm, _eye):
        for name, up, place, x, y in part():
            place, frame = np.array(place, float), _frame(x, y)
            for side, mirror in (("l", np.eye(3)), ("r", np.diag([-1.0, 1.0, 1.0]))):
                parent = up if up in found else f"{side}_{up}"
                turned = frame if side == "l" else -mirror @ frame
                found[f"{side}_{name}"] = parent, mirror @ place, turned
    return found


def _sides(joint: str) -> Iterator[str]:
    yield from (f"{side}_{joint}" for side in "rl")


def _pose() -> Iterator[tuple[str, Terms]]:
    """What turns and moves, in MHR's order."""
    for channel in CHANNELS[:6]:
        yield f"root_{channel}", {("root", channel): 10.0 if channel[0] == "t" else 1.0}
    yield from _spine()
    for part in (_arm_pose, _leg_pose, _fingers_pose):
        for side in "rl":
            yield from part(side)
    for side in "lr":
        for joint, channel in (("foot", "ry"), ("subtalar", "rz"), ("talocrural", "rx")):
            yield f"{side}_{joint}_{channel}_flexible", {(f"{side}_{joint}", channel): 1.0}
        yield f"{side}_ball_rx_flexible", {(f"{side}_ball", "rx"): 1.0}


def _spine() -> Iterator[tuple[str, Terms]]:
    for number in range(4):
        for what, channel in SPINE.items():
            spine = f"c_spine{number}"
            yield f"spine{number}_{channel}_flexible", {(spine, channel): 1.0}
            if number < 2:
                shares = dict(enumerate((0.15, 0.4, 0.1), start=number))
                terms = {(f"c_spine{n}", channel): share for n, share in shares.items()}
                yield f"spine_{what}{number}", terms
    for joint in ("neck", "head"):
        for what, channel in SPINE.items():
            yield f"{joint}_{what}", {(f"c_{joint}", channel): 1.0}


def _arm_pose(side: str) -> Iterator[tuple[str, Terms]]:
    yield from _limb(side, ("clavicle",), "rx ry rz")
    yield f"{side}_uparm_twist", _twisted(f"{side}_uparm", None)
    yield from _limb(side, ("uparm",), "ry rz")
    yield f"{side}_elbow_bend", {(f"{side}_lowarm", "rz"): 1.0}
    yield f"{side}_lowarm_twist", _twisted(f"{side}_lowarm", f"{side}_wrist_twist")
    yield from _limb(side, ("wrist",), "ry rz")


def _leg_pose(side: str) -> Iterator[tuple[str, Terms]]:
    yield f"{side}_upleg_twist", _twisted(f"{side}_upleg", None)
    yield from _limb(side, ("upleg",), "ry rz")
    yield f"{side}_knee_bend", {(f"{side}_lowleg", "rz"): 1.0}
    yield f"{side}_lowleg_twist", _twisted(f"{side}_lowleg", f"{side}_foot")
    yield f"{side}_foot_bend", {(f"{side}_talocrural", "rz"): 1.0}
    yield f"{side}_foot_lean0", {(f"{side}_subtalar", "rx"): 1.0}
    yield f"{side}_foot_lean1", {(f"{side}_transversetarsal", "rx"): 1.0}
    yield f"{side}_ball_bend", {(f"{side}_ball", "rz"): 1.0}


def _fingers_pose(side: str) -> Iterator[tuple[str, Terms]]:
    yield from _limb(side, ("thumb0",), "ry rz")
    yield from _limb(side, ("thumb1",), "rx ry rz")
    yield from _limb(side, ("thumb2", "thumb3"), "rz")
    roots = ("index1", "ring1", "pinky1", "middle1")
    yield from _limb(side, roots, "ry")
    yield from _limb(side, tuple(f"{f}{n}" for f in FINGERS for n in (1, 2, 3)), "rz")
    yield from _limb(side, roots, "rx")


def _limb(side: str, joints: tuple[str, ...], channels: str) -> Iterator[tuple[str, Terms]]:
    for joint in joints:
        for channel in channels.split():
            yield f"{side}_{joint}_{channel}", {(f"{side}_{joint}", channel): 1.0}


def _twisted(limb: str, end: str | None) -> Terms:
    """A twist of the limb, which is less near the body, or of its end, which is more near that."""
    if end is None:
        shares = {(f"{limb}_twist{n}_proc", "rx"): n / 4 - 1 for n in range(4)}
        return {(limb, "rx"): 1.0, **shares}
    return {(end, "rx"): 1.0, **{(f"{limb}_twist{n}_proc", "rx"): n / 5 for n in range(1, 5)}}


def _lengths() -> Iterator[tuple[str, Terms]]:
    """Some of what makes bones longer."""
    for name, joint in (("uplegs", "lowleg"), ("lowlegs", "foot"), ("uparms", "lowarm")):
        terms = {(f"{side}_{joint}", "tx"): sign for side, sign in (("l", 10.0), ("r", -10.0))}
        yield f"scale_{name}", terms
    for side in "rl":
        yield f"scale_{side}_hands", {(f"{side}_wrist", "sc"): 1.0}


def _all_parameters() -> dict[str, tuple[int, Terms]]:
    pose = list(_pose())
    assert len(pose) == LENGTHS
    return {name: (place, terms) for place, (name, terms) in enumerate([*pose, *_lengths()])}


ALL: Final = _all_parameters()


def parameters(frames: int = 1, **told: Any) -> np.ndarray:
    """(F, 204) by name, in radians or as MHR counts; the rest is 0."""
    rows = np.zeros((frames, PARAMETERS))
    for name, values in told.items():
        rows[:, ALL[name][0]] = values
    return rows


def arrays() -> dict[str, np.ndarray]:
    """The tensors of the model file that are read."""
    joints = _joints()
    parents = [JOINTS.index(joints[name][0]) if joints[name][0] else -1 for name in JOINTS]
    offsets, turns = np.zeros((len(JOINTS), 3)), np.tile(np.eye(3), (len(JOINTS), 1, 1))
    for place, name in enumerate(JOINTS):
        up, head, axes = joints[name]
        _, start, above = joints[up] if up else ("", np.zeros(3), np.eye(3))
        offsets[place], turns[place] = above.T @ (head - start), above.T @ axes
    transform = np.zeros((len(JOINTS) * PER_JOINT, PARAMETERS + SHAPES))
    for column, terms in ALL.values():
        for (joint, channel), share in terms.items():
            row = JOINTS.index(joint) * PER_JOINT + CHANNELS.index(channel)
            transform[row, column] = share
    return {
        "joint_parents": np.array(parents, np.int32),
        "joint_translation_offsets": offsets,
        "joint_prerotations": quaternions_from_matrices(turns)[:, [1, 2, 3, 0]],
        "parameter_transform": transform,
    }


def write_model(path: Path, changed: Mapping[str, Any] | None = None) -> Path:
    """A model file with those tensors, or with others in place of them."""
    told = {**arrays(), **(changed or {})}
    names = OneCall("torch.jit._pickle", "restore_type_tag", list(JOINTS), "List[str]")
    transform = Scripted("ParameterTransform", parameter_transform=told.pop("parameter_transform"))
    skeleton = Scripted("Skeleton", **told, joint_names=names, training=True)
    character = Scripted("Character", skeleton=skeleton, parameter_transform=transform)
    torch_file(path, Scripted("MHR", character_torch=character, training=False))
    return path
