# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig that Rigify generates, fitted to our own body. Runs where bpy is installed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from benchmarks.artist_rigs import Built, add_skin
from hund_blender.body import Body, RestBody

Array = npt.NDArray[Any]

# By bone of the meta-rig: which of the body's bones it deforms, the first one's head is its head.
MIDDLE: Final = {
    "spine": ("root", "pelvis.L", "pelvis.R", "spine05"),
    "spine.001": ("spine04",), "spine.002": ("spine03",), "spine.003": ("spine02", "spine01"),
    "spine.004": ("neck01",), "spine.005": ("neck02", "neck03"),
    "spine.006": ("head", "eye.L", "eye.R"),
}  # fmt: skip
SIDED: Final = {
    "shoulder": ("clavicle", "shoulder01"), "upper_arm": ("upperarm01", "upperarm02"),
    "forearm": ("lowerarm01", "lowerarm02"), "hand": ("wrist",),
    "palm.01": ("metacarpal1",), "palm.02": ("metacarpal2",), "palm.03": ("metacarpal3",),
    "palm.04": ("metacarpal4",), "thigh": ("upperleg01", "upperleg02"),
    "shin": ("lowerleg01", "lowerleg02"), "foot": ("foot",),
    "toe": ("toe3-1", *(f"toe{t}-{j}" for t in (1, 2, 4, 5, 3) for j in (1, 2, 3) if
                        (t, j) not in ((1, 3), (3, 1)))),
    **{
        f"{name}.0{joint}": (f"finger{number}-{joint}",)
        for number, name in enumerate(("thumb", "f_index", "f_middle", "f_ring", "f_pinky"), 1)
        for joint in (1, 2, 3)
    },
}  # fmt: skip
IN_HALVES: Final = ("upper_arm", "forearm", "thigh", "shin")
CHAINS: Final = (
    tuple(MIDDLE), ("upper_arm", "forearm", "hand"), ("thigh", "shin", "foot", "toe"),
    *(tuple(f"{f}.0{j}" for j in (1, 2, 3)) for f in
      ("thumb", "f_index", "f_middle", "f_ring", "f_pinky")),
)  # fmt: skip


def build_rigify(body: Body, phenotypes: Mapping[str, float], *, skin: bool = False) -> Built:
    """A generated rig in the scene, without a face; its meta-rig is removed."""
    if "rigify" not in bpy.context.preferences.addons:
        bpy.ops.preferences.addon_enable(module="rigify")
    rest = body.rest(phenotypes).standing()
    bpy.ops.object.armature_human_metarig_add()
    meta: Any = bpy.context.object
    _fit(meta, body, rest)
    bpy.ops.pose.rigify_generate()
    rig: Any = bpy.context.object
    bpy.data.objects.remove(meta)
    groups = dict(_groups())
    turns = {name: np.eye(3) for name in body.bone_names}
    return Built(rig, add_skin("Rigify", body, rest, groups, rig) if skin else None, groups, turns)


def _bones() -> dict[str, tuple[str, ...]]:
    """The body's bones by bone of the meta-rig, of both sides."""
    sided = {
        name + at: tuple(bone + at for bone in bones)
        for at in (".L", ".R")
        for name, bones in SIDED.items()
    }
    return MIDDLE | sided


def _groups() -> Any:
    """The body's bones by the deforming bone that carries them."""
    for name, bones in _bones().items():
        stem, at = (name[:-2], name[-2:]) if name[-2:] in (".L", ".R") else (name, "")
        if stem in IN_HALVES:
            yield f"DEF-{stem}{at}", bones[:1]
            yield f"DEF-{stem}{at}.001", bones[1:]
        else:
            yield f"DEF-{name}", bones


def _fit(meta: Any, body: Body, rest: RestBody) -> None:
    """Bring the meta-rig's bones to the body's joints, and drop those that it has no bones for."""
    index = {name: number for number, name in enumerate(body.bone_names)}
    bpy.ops.object.mode_set(mode="EDIT")
    edit = meta.data.edit_bones
    kept = _bones()
    for bone in [b for b in edit if b.name not in kept and not b.name.startswith("heel")]:
        edit.remove(bone)
    joined = {bone.name for bone in edit if bone.use_connect}
    for name, bones in kept.items():
        bone = edit[name]
        bone.use_connect = False
        bone.head, bone.tail = rest.heads[index[bones[0]]], rest.tails[index[bones[-1]]]
    for at in ("", ".L", ".R"):
        for chain in CHAINS:
            names = [name + at for name in chain if name + at in edit]
            for name, following in pairwise(names):
                edit[name].tail = edit[following].head
                edit[following].use_connect = following in joined
        if at:
            heel = edit["heel.02" + at]
            ankle = np.array(edit["foot" + at].head)
            heel.head = ankle * [1, 1, 0] + [-0.03, 0.05, 0]
            heel.tail = ankle * [1, 1, 0] + [0.03, 0.05, 0]
    bpy.ops.object.mode_set(mode="OBJECT")
