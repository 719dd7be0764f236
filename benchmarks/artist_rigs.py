# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs as artists have them, made of our own body: other names, rest poses, bone axes, proportions.

Every rig carries the body's skin in its own rest pose, so that what a retargeted pose does to it
can be seen and measured. Runs where bpy is installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from hund_blender.body import WEIGHT_UNIT, Body, RestBody
from hund_blender.retarget.turns import about, arc, frame, unit
from hund_blender.rigs import MIDDLE, SIDED

Array = npt.NDArray[Any]

ALONG: Final = "along"  # Y from joint to joint, rolled at random
X_ALONG: Final = "x_along"  # X from joint to joint, on the right side back again, as Unreal has it
WORLD: Final = "world"  # all bones have the world's axes, as VRM, SMPL-X and many FBX files have it
OWN: Final = "own"  # the body's own

FRONT: Final = np.array([0.0, -1.0, 0.0])
MERGED: Final = {
    **{merge.game_engine: merge.bones for merge in MIDDLE},
    "head": ("head", "eye.L", "eye.R"),
    **{
        merge.game_engine + side: tuple(bone + at for bone in merge.bones)
        for side, at in (("_l", ".L"), ("_r", ".R"))
        for merge in SIDED
        if merge.game_engine != "eye"
    },
}


@dataclass(frozen=True)
class Family:
    """How one kind of rig looks."""

    names: Mapping[str, str]  # by the names in MERGED, or by the body's own bones
    arms: float | None = None  # degrees below the horizontal that arms rest at; None: as the body
    axes: str = ALONG
    root: str = ""  # a bone on the floor that all hangs on
    sizes: Mapping[str, float] = field(default_factory=dict)  # by MERGED name, of its bones
    seed: int = 0


def _sided(patterns: Mapping[str, str], left: str, right: str) -> dict[str, str]:
    return {
        key + at: pattern.replace("*", word)
        for at, word in (("_l", left), ("_r", right))
        for key, pattern in patterns.items()
    }


def _fingers(
    pattern: str, words: tuple[str, ...], joints: tuple[str, ...] = ("1", "2", "3")
) -> dict[str, str]:
    names = ("thumb", "index", "middle", "ring", "pinky")
    return {
        f"{name}_0{number}": pattern.replace("%", word).replace("#", joint)
        for name, word in zip(names, words, strict=True)
        for number, joint in enumerate(joints, start=1)
    }


ENGLISH: Final = ("Thumb", "Index", "Middle", "Ring", "Pinky")
MIXAMO: Final = {
    "pelvis": "mixamorig:Hips", "spine_01": "mixamorig:Spine", "spine_02": "mixamorig:Spine1",
    "spine_03": "mixamorig:Spine2", "neck_01": "mixamorig:Neck", "head": "mixamorig:Head",
    **_sided(
        {
            "clavicle": "mixamorig:*Shoulder", "upperarm": "mixamorig:*Arm",
            "lowerarm": "mixamorig:*ForeArm", "hand": "mixamorig:*Hand",
            "thigh": "mixamorig:*UpLeg", "calf": "mixamorig:*Leg", "foot": "mixamorig:*Foot",
            "ball": "mixamorig:*ToeBase", **_fingers("mixamorig:*Hand%#", ENGLISH),
        },
        "Left", "Right",
    ),
}  # fmt: skip
UNREAL: Final = {name: name for name in MERGED}
VROID: Final = {
    "pelvis": "J_Bip_C_Hips", "spine_01": "J_Bip_C_Spine", "spine_02": "J_Bip_C_Chest",
    "spine_03": "J_Bip_C_UpperChest", "neck_01": "J_Bip_C_Neck", "head": "J_Bip_C_Head",
    **_sided(
        {
            "clavicle": "J_Bip_*_Shoulder", "upperarm": "J_Bip_*_UpperArm",
            "lowerarm": "J_Bip_*_LowerArm", "hand": "J_Bip_*_Hand", "thigh": "J_Bip_*_UpperLeg",
            "calf": "J_Bip_*_LowerLeg", "foot": "J_Bip_*_Foot", "ball": "J_Bip_*_ToeBase",
            **_fingers("J_Bip_*_%#", ("Thumb", "Index", "Middle", "Ring", "Little")),
        },
        "L", "R",
    ),
}  # fmt: skip
SMPLX: Final = {
    "pelvis": "pelvis", "spine_01": "spine1", "spine_02": "spine2", "spine_03": "spine3",
    "neck_01": "neck", "head": "head",
    **_sided(
        {
            "clavicle": "*_collar", "upperarm": "*_shoulder", "lowerarm": "*_elbow",
            "hand": "*_wrist", "thigh": "*_hip", "calf": "*_knee", "foot": "*_ankle",
            "ball": "*_foot", **_fingers("*_%#", ("thumb", "index", "middle", "ring", "pinky")),
        },
        "left", "right",
    ),
}  # fmt: skip
CHARACTER_CREATOR: Final = {
    "pelvis": "CC_Base_Hip", "spine_01": "CC_Base_Waist", "spine_02": "CC_Base_Spine01",
    "spine_03": "CC_Base_Spine02", "neck_01": "CC_Base_NeckTwist01", "head": "CC_Base_Head",
    **_sided(
        {
            "clavicle": "CC_Base_*_Clavicle", "upperarm": "CC_Base_*_Upperarm",
            "lowerarm": "CC_Base_*_Forearm", "hand": "CC_Base_*_Hand", "thigh": "CC_Base_*_Thigh",
            "calf": "CC_Base_*_Calf", "foot": "CC_Base_*_Foot", "ball": "CC_Base_*_ToeBase",
            **_fingers("CC_Base_*_%#", ("Thumb", "Index", "Mid", "Ring", "Pinky")),
        },
        "L", "R",
    ),
}  # fmt: skip
BIPED: Final = {
    "pelvis": "Bip001 Pelvis", "spine_01": "Bip001 Spine", "spine_02": "Bip001 Spine1",
    "spine_03": "Bip001 Spine2", "neck_01": "Bip001 Neck", "head": "Bip001 Head",
    **_sided(
        {
            "clavicle": "Bip001 * Clavicle", "upperarm": "Bip001 * UpperArm",
            "lowerarm": "Bip001 * Forearm", "hand": "Bip001 * Hand", "thigh": "Bip001 * Thigh",
            "calf": "Bip001 * Calf", "foot": "Bip001 * Foot", "ball": "Bip001 * Toe0",
            **_fingers("Bip001 * Finger%#", ("0", "1", "2", "3", "4"), ("", "1", "2")),
        },
        "L", "R",
    ),
}  # fmt: skip
UNNAMED: Final = {name: f"Bone.{number:03}" for number, name in enumerate(sorted(MERGED))}

CHIBI: Final = {
    "head": 2.0, "thigh_l": 0.5, "thigh_r": 0.5, "calf_l": 0.5, "calf_r": 0.5,
    "upperarm_l": 0.6, "upperarm_r": 0.6, "lowerarm_l": 0.6, "lowerarm_r": 0.6,
}  # fmt: skip
TALL: Final = {"thigh_l": 1.3, "thigh_r": 1.3, "calf_l": 1.5, "calf_r": 1.5, "neck_01": 1.3}

FAMILIES: Final[Mapping[str, Family]] = {
    "Mixamo": Family(MIXAMO, arms=0.0),
    "Unreal": Family(UNREAL, arms=45.0, axes=X_ALONG, root="root"),
    "VRoid": Family(VROID, arms=0.0, axes=WORLD, root="Root"),
    "MakeHuman": Family({}, axes=OWN),
    "SMPL-X": Family(SMPLX, arms=0.0, axes=WORLD, root="root"),
    "Character Creator": Family(CHARACTER_CREATOR, arms=35.0, root="CC_Base_BoneRoot", seed=1),
    "Biped": Family(BIPED, arms=70.0, axes=X_ALONG),
    "unnamed": Family(UNNAMED, arms=20.0, seed=2),
    "mirrored roll": Family(MIXAMO, arms=0.0, seed=3),
    "chibi": Family(MIXAMO, arms=0.0, axes=WORLD, sizes=CHIBI),
    "tall": Family(UNREAL, arms=45.0, axes=X_ALONG, root="root", sizes=TALL),
}


@dataclass(frozen=True, eq=False)
class Built:
    """A rig in the scene."""

    armature: Any
    skin: Any  # None where none was wanted
    groups: Mapping[str, tuple[str, ...]]  # the body's bones in each of the rig's
    turns: Mapping[str, Array]  # by the body's bones (3, 3): from its own rest pose to the rig's


def build(
    name: str,
    body: Body,
    phenotypes: Mapping[str, float] | None = None,
    *,
    skin: bool = False,
    family: Family | None = None,
) -> Built:
    """A rig of a family on a body of these phenotypes, in the scene's own collection."""
    kind = family or FAMILIES[name]
    shaped = body.rest(phenotypes or {"age": 2 / 3}).standing()
    turns = rest_turns(body, shaped, kind)
    rest = resting(body, shaped, kind, turns)
    groups = {kind.names[key]: bones for key, bones in MERGED.items() if key in kind.names}
    groups = groups or {bone: (bone,) for bone in body.bone_names}
    armature = _armature(name, body, rest, groups, kind)
    mesh = add_skin(name, body, rest, groups, armature) if skin else None
    return Built(armature, mesh, groups, turns)


def resting(body: Body, rest: RestBody, kind: Family, turns: Mapping[str, Array]) -> RestBody:
    """A body in the rest pose and in the proportions of a family, on the floor."""
    sizes = {bone: size for key, size in kind.sizes.items() for bone in MERGED[key]}
    linear = [sizes.get(name, 1.0) * turns[name] for name in body.bone_names]
    return _bent(body, rest, np.stack(linear)).standing()


def rest_turns(body: Body, rest: RestBody, kind: Family) -> dict[str, Array]:
    """Turns by bone that stretch the arms to the sides, palms down or to the thighs, and the legs
    straight down.
    """
    index = {name: number for number, name in enumerate(body.bone_names)}
    turns = {name: np.eye(3) for name in body.bone_names}
    if kind.arms is None:
        return turns

    def line(start: str, end: str) -> Array:
        return unit(rest.heads[index[end]] - rest.heads[index[start]])

    for at, out in ((".L", 1.0), (".R", -1.0)):
        angle = np.radians(kind.arms)
        aim = np.array([out * np.cos(angle), 0.0, -np.sin(angle)])
        upper, fore = (
            line("upperarm01" + at, "lowerarm01" + at),
            line("lowerarm01" + at, "wrist" + at),
        )
        knuckles = line("finger5-1" + at, "finger2-1" + at)
        palm = rest.heads[[index["finger2-1" + at], index["finger5-1" + at]]].mean(0)
        bend = np.cross(upper, fore)
        front = np.cross(aim, FRONT)
        own = {
            "upperarm": frame(aim, front) @ frame(upper, bend).T,
            "lowerarm": frame(aim, front) @ frame(fore, bend).T,
            "wrist": frame(aim, FRONT) @ frame(palm - rest.heads[index["wrist" + at]], knuckles).T,
            "upperleg": arc(line("upperleg01" + at, "lowerleg01" + at), np.array([0.0, 0.0, -1.0])),
            "lowerleg": arc(line("lowerleg01" + at, "foot" + at), np.array([0.0, 0.0, -1.0])),
        }
        for name in (bone for bone in body.bone_names if bone.endswith(at)):
            part = "wrist" if name.startswith(("finger", "metacarpal")) else name[: name.find("0")]
            turns[name] = own.get("wrist" if name.startswith("wrist") else part, np.eye(3))
    return turns


def _bent(body: Body, rest: RestBody, linear: Array) -> RestBody:
    """A body whose bones are changed by matrices (B, 3, 3), skin and all."""
    heads = rest.heads.copy()
    for bone, parent in enumerate(body.bone_parents[1:], start=1):
        heads[bone] = heads[parent] + linear[parent] @ (rest.heads[bone] - rest.heads[parent])
    weights = body.arrays["weights"] / WEIGHT_UNIT
    bones = body.arrays["weight_bones"]
    moved = np.einsum("vnij,vnj->vni", linear[bones], rest.vertices[:, None] - rest.heads[bones])
    turned = np.stack([frame(m[:, 1], m[:, 2]) for m in linear @ rest.rotations])
    tails = heads + np.einsum("bij,bj->bi", linear, rest.tails - rest.heads)
    vertices = np.einsum("vn,vni->vi", weights, moved + heads[bones])
    return RestBody(vertices, heads, turned, tails)


def _armature(
    name: str, body: Body, rest: RestBody, groups: Mapping[str, tuple[str, ...]], kind: Family
) -> Any:
    armature = bpy.data.armatures.new(name)
    thing = bpy.data.objects.new(name, armature)
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.objects.active = thing
    bpy.ops.object.mode_set(mode="EDIT")
    if kind.root:
        root = armature.edit_bones.new(kind.root)
        root.head, root.tail = (0, 0, 0), (0, 0.3, 0)
    index = {bone: number for number, bone in enumerate(body.bone_names)}
    owner = {bone: group for group, bones in groups.items() for bone in bones}
    rng = np.random.default_rng(kind.seed)
    for group, bones in sorted(groups.items(), key=lambda item: index[item[1][0]]):
        bone = armature.edit_bones.new(group)
        head, tail = rest.heads[index[bones[0]]], _tail(body, rest, groups, bones, owner)
        axes = _axes(kind, rest, index[bones[0]], tail - head, rng, right=bones[0].endswith(".R"))
        bone.head = head
        bone.tail = head + np.linalg.norm(tail - head) * axes[:, 1]
        bone.align_roll(axes[:, 2])
        above = body.bone_parents[index[bones[0]]]
        parent = owner.get(body.bone_names[above], kind.root) if above >= 0 else kind.root
        if parent:
            bone.parent = armature.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    if kind.root:
        armature.bones[kind.root].use_deform = False
    return thing


def _tail(
    body: Body,
    rest: RestBody,
    groups: Mapping[str, tuple[str, ...]],
    bones: tuple[str, ...],
    owner: Mapping[str, str],
) -> Array:
    """The head of the child that goes on straightest, else the asset's own tail."""
    index = {bone: number for number, bone in enumerate(body.bone_names)}
    head, tip = rest.heads[index[bones[0]]], rest.tails[index[bones[-1]]]
    ends = [
        rest.heads[index[other[0]]]
        for other in groups.values()
        if (above := body.bone_parents[index[other[0]]]) >= 0
        and owner[body.bone_names[above]] == owner[bones[0]]
    ]
    ends = [end for end in ends if np.linalg.norm(end - head) > 0.005]
    ahead = unit(tip - head)
    return max(ends, key=lambda end: unit(end - head) @ ahead, default=tip)


def _axes(
    kind: Family, rest: RestBody, bone: int, line: Array, rng: np.random.Generator, *, right: bool
) -> Array:
    """The axes (3, 3) of a bone that goes along a line (3,)."""
    if kind.axes == OWN:
        return rest.rotations[bone]
    if kind.axes == WORLD:
        return np.stack([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]], -1)
    along = unit(line)
    if kind.axes == X_ALONG:
        x = -along if right else along
        y = frame(along, np.array([0.1, -1.0, 0.2]))[:, 2]
        return np.stack([x, y, np.cross(x, y)], -1)
    roll = rng.uniform(-np.pi, np.pi)
    return about(along, np.array(roll)) @ frame(along, np.array([0.1, 0.2, 1.0]))


def add_skin(
    name: str,
    body: Body,
    rest: RestBody,
    groups: Mapping[str, tuple[str, ...]],
    armature: Any,
) -> Any:
    """The body's skin on a rig whose bones carry groups of the body's."""
    mesh = bpy.data.meshes.new(f"{name} Body")
    mesh.from_pydata(rest.vertices.tolist(), [], body.arrays["faces"].tolist())
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), bool))
    thing = bpy.data.objects.new(mesh.name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    thing.parent = armature
    for group, bones in groups.items():
        _add_group(thing, group, sum(_weights_of(body, bone) for bone in bones))
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    return thing


def _weights_of(body: Body, bone: str) -> Array:
    """The weights (V,) of one of the body's bones."""
    number = body.bone_names.index(bone)
    matches = body.arrays["weight_bones"] == number
    return np.asarray((body.arrays["weights"] * matches).sum(1) / WEIGHT_UNIT)


def _add_group(mesh_object: Any, name: str, weights: Array) -> None:
    group = mesh_object.vertex_groups.new(name=name)
    for vertex in np.flatnonzero(weights > 1e-4):
        group.add((int(vertex),), float(weights[vertex]), "REPLACE")
