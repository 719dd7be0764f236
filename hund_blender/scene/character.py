# SPDX-License-Identifier: GPL-3.0-or-later
"""A character of ours: an armature and the skins it deforms, each knowing the shape it is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import bpy

from ..errors import SceneError
from ..rigs import Rig, rig_of
from .body_data import NAME, body_of, has_body, keep_body
from .restore import MODES_TO_BUILD_IN
from .skin import is_skin, was_cut

PHENOTYPES: Final = "phenotypes"  # on armatures and meshes: the shape that they are in
ESTIMATED: Final = "estimated_phenotypes"  # on armatures: the shape in the photo
RIG: Final = "hund_rig"  # on armatures: key of the rig


def remember(
    armature_object: bpy.types.Object,
    skin: bpy.types.Object,
    rig: Rig,
    phenotypes: Mapping[str, float],
) -> None:
    """Keep with a new character what it takes to change it later."""
    armature: Any = armature_object.data
    keep_body(armature, rig.body)
    armature[RIG] = rig.key
    armature[ESTIMATED] = dict(phenotypes)
    set_phenotypes(armature, phenotypes)
    set_phenotypes(skin.data, phenotypes)


def phenotypes_of(data: Any) -> dict[str, float]:
    """The shape that an armature or mesh is in; nothing for those that are not ours."""
    return dict(data.get(PHENOTYPES, {}))


def estimated_phenotypes_of(armature: Any) -> dict[str, float]:
    """The shape that was found in the photo."""
    return dict(armature.get(ESTIMATED, {}))


def set_phenotypes(data: Any, phenotypes: Mapping[str, float]) -> None:
    data[PHENOTYPES] = dict(phenotypes)


def rig_of_character(armature: Any) -> Rig:
    """What a character was built from; SceneError where its body is gone."""
    return rig_of(armature[RIG], body_of(armature))


def character_of(thing: bpy.types.Object | None) -> bpy.types.Object | None:
    """The armature object of the character that an object belongs to, if any."""
    bearer: Any = thing.find_armature() if thing and thing.type == "MESH" else thing
    is_ours = bearer is not None and bearer.type == "ARMATURE" and PHENOTYPES in bearer.data
    return bearer if is_ours else None


def bearers_of(armature: bpy.types.ID | None) -> list[bpy.types.Object]:
    """The objects that show an armature; linked duplicates share one."""
    return [thing for thing in bpy.data.objects if thing.data == armature]


def skins_of(armature: bpy.types.ID | None) -> list[bpy.types.Object]:
    """The meshes of ours that an armature deforms, and what the artist cut from copies of them."""
    skins = [thing for thing in bpy.data.objects if is_skin(thing) and thing.find_armature()]
    return [skin for skin in skins if skin.find_armature().data == armature]


def obstacle(armature: Any) -> SceneError | None:
    """What keeps a character from being posed anew, if anything."""
    skins, bearers = skins_of(armature), bearers_of(armature)
    if any(item.library or item.override_library for item in (armature, *data_of(skins))):
        return SceneError("This character is linked.", "Change it in the file it comes from.")
    if not has_body(armature):
        return SceneError(f"“{NAME}” was deleted.", "Import the photo again to get it back.")
    if any(thing.mode not in MODES_TO_BUILD_IN for thing in (*bearers, *skins)):
        return SceneError("This character is being edited.", "Go to object or pose mode.")
    missing = set(rig_of_character(armature).bone_names) - set(armature.bones.keys())
    if missing:
        return SceneError(f"The bone “{min(missing)}” is gone.", "Undo that, or name it so again.")
    return None


def shape_obstacle(armature: Any) -> SceneError | None:
    """What keeps a character from taking another shape, if anything."""
    problem = obstacle(armature)
    if problem is not None:
        return problem
    if not any(bearer.visible_get() for bearer in bearers_of(armature)):
        return SceneError("The armature is hidden.", f"Show “{armature.name}” to change it.")
    if any(was_cut(mesh) for mesh in data_of(skins_of(armature))):
        return SceneError(
            "The mesh got new vertices.", "Undo that, or add detail by modifiers instead."
        )
    return None


def data_of(things: Sequence[bpy.types.Object]) -> set[Any]:
    return {thing.data for thing in things}
