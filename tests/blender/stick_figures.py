# SPDX-License-Identifier: GPL-3.0-or-later
"""People of sticks, as plain data: what is asked of them is known by heart."""

from collections.abc import Mapping

import numpy as np

from hund_blender.retarget.description import RigDescription
from hund_blender.retarget.rest import RestSkeleton, rest_skeleton
from hund_blender.retarget.slots import BoneMap
from hund_blender.retarget.turns import frame

UP = np.array([0.0, 0.0, 1.0])


def figure(
    arms: float = 0.0, spine: int = 3, size: float = 1.0, legs: float = 1.0, *, forearms: int = 1
) -> tuple[RigDescription, dict[str, tuple[str, ...]]]:
    """A person with arms so many degrees below the horizontal, and their map."""
    bones: dict[str, tuple[str, np.ndarray]] = {}
    hip = 0.85 * legs
    bones["hips"] = ("", np.array([0, 0, hip + 0.05]))
    for number in range(spine):
        parent = f"spine{number - 1}" if number else "hips"
        bones[f"spine{number}"] = (parent, np.array([0, 0, hip + 0.1 + 0.4 * number / spine]))
    top = f"spine{spine - 1}"
    bones["neck"] = (top, np.array([0, 0, hip + 0.5]))
    bones["head"] = ("neck", np.array([0, 0, hip + 0.6]))
    angle = np.radians(arms)
    for side, out in ((".L", 1.0), (".R", -1.0)):
        along = np.array([out * np.cos(angle), 0, -np.sin(angle)])
        shoulder = np.array([out * 0.15, 0, hip + 0.45])
        bones["shoulder" + side] = (top, np.array([out * 0.03, 0, hip + 0.45]))
        bones["upper_arm" + side] = ("shoulder" + side, shoulder)
        before = "upper_arm" + side
        for part in range(forearms):
            name = f"forearm{part or ''}{side}"
            bones[name] = (before, shoulder + along * (0.3 + 0.25 * part / forearms))
            before = name
        wrist = shoulder + along * 0.55
        bones["hand" + side] = (before, wrist)
        for place, finger in enumerate(("index", "middle", "ring", "pinky")):
            for joint in (1, 2, 3):
                reach = along * (0.09 + 0.03 * (joint - 1))
                beside = np.array([0, -0.03 + 0.02 * place, 0])
                parent = f"{finger}{joint - 1}{side}" if joint > 1 else "hand" + side
                bones[f"{finger}{joint}{side}"] = (parent, wrist + reach + beside)
        bones["thigh" + side] = ("hips", np.array([out * 0.1, 0, hip]))
        bones["shin" + side] = ("thigh" + side, np.array([out * 0.1, 0, hip - 0.4 * legs]))
        bones["foot" + side] = ("shin" + side, np.array([out * 0.1, 0, hip - 0.78 * legs]))
        bones["toes" + side] = ("foot" + side, np.array([out * 0.1, -0.12, 0.01]))
    return described({name: (up, size * place) for name, (up, place) in bones.items()}), mapped(
        bones
    )


def described(bones: Mapping[str, tuple[str, np.ndarray]]) -> RigDescription:
    names = tuple(bones)
    heads = np.array([place for _, place in bones.values()])
    tails = heads.copy()
    for number, name in enumerate(names):
        ends = [place for up, place in bones.values() if up == name]
        own = bones[name][0]
        ahead = heads[number] - bones[own][1] if own else UP * 0.1
        tails[number] = np.mean(ends, 0) if ends else heads[number] + ahead
    count = len(names)
    return RigDescription(
        names=names,
        parents=tuple(names.index(up) if up else -1 for up, _ in bones.values()),
        heads=heads,
        tails=tails,
        frames=frame(tails - heads, np.array([0.1, 0.9, 0.3])),
        deform=np.ones(count, bool),
        driven=np.zeros(count, bool),
        follows=np.ones(count, bool),
        up=UP,
    )


def mapped(bones: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Bones are named as slots are; numbers tell those of chains."""
    found: dict[str, tuple[str, ...]] = {}
    for name in bones:
        stem, side = (name[:-2], name[-2:]) if name[-2:] in (".L", ".R") else (name, "")
        chain = stem.rstrip("0123456789")
        slot = chain if chain in ("spine", "forearm") else stem
        found[slot + side] = (*found.get(slot + side, ()), name)
    return found


def skeleton(rig_and_map: tuple[RigDescription, BoneMap]) -> RestSkeleton:
    return rest_skeleton(*rig_and_map)


def turned(
    rig: RigDescription, turns: Mapping[str, np.ndarray], move: object = (0.0, 0.0, 0.0)
) -> np.ndarray:
    """Matrices (1, B, 4, 4) when bones are turned in the world by turns (3, 3), children along."""
    away = [np.eye(3)] * len(rig.names)
    places = rig.heads + np.asarray(move)
    for bone, parent in enumerate(rig.parents):
        own = turns.get(rig.names[bone], np.eye(3))
        if parent >= 0:
            own = own @ away[parent]
            places[bone] = places[parent] + away[parent] @ (rig.heads[bone] - rig.heads[parent])
        away[bone] = own
    matrices = np.tile(np.eye(4), (1, len(rig.names), 1, 1))
    matrices[0, :, :3, :3] = np.array(away) @ rig.frames
    matrices[0, :, :3, 3] = places
    return matrices
