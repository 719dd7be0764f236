# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones in colours that tell how sure the server is of them; the artist's own colours come back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..confidence import bone_steps
from ..rigs import Rig

BEFORE: Final = "hund_bone_colors"  # on armatures: JSON of the palettes from before, while shown


def shows_confidence(armature: Any) -> bool:
    return BEFORE in armature


def show_confidence(armature: Any, rig: Rig, joint_confidence: Mapping[str, float]) -> None:
    """Colour the bones of an armature, or bring their colours up to date."""
    bones = [armature.bones[name] for name in rig.bone_names if name in armature.bones]
    if not shows_confidence(armature):
        armature[BEFORE] = json.dumps({bone.name: bone.color.palette for bone in bones})
    steps = dict(zip(rig.bone_names, bone_steps(rig, joint_confidence), strict=True))
    for bone in bones:
        bone.color.palette = steps[bone.name].value


def hide_confidence(armature: Any) -> None:
    """The colours from before; own colours were kept by their bones all the time."""
    before = json.loads(armature.get(BEFORE, "{}"))
    for bone in armature.bones:
        if bone.name in before:
            bone.color.palette = before[bone.name]
    if BEFORE in armature:
        del armature[BEFORE]
