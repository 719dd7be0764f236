# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources and targets for retargeting."""

from functools import lru_cache
from typing import Any

import bpy
import numpy as np

from benchmarks import mocap_actions
from benchmarks.retarget_measures import Movement, as_body, movement
from hund_blender.body import Body
from hund_blender.retarget.mapping import automatic_map
from hund_blender.retarget.presets import built_in_presets
from hund_blender.scene.retarget import Source, Target
from hund_blender.scene.retarget_source import whole_motion
from hund_blender.scene.rig_description import describe

POSES = 50


@lru_cache(maxsize=1)
def recorded(body: Body) -> np.ndarray:
    """Own transforms (F, B, 4, 4) of held-out recorded poses, else of fewer drawn ones."""
    if mocap_actions.LIBRARY.exists():
        return mocap_actions.basis_of(body, *mocap_actions.held_out(POSES))
    return mocap_actions.basis_of(body, *mocap_actions.drawn())


def actor(body: Body, count: int = POSES, *, skin: bool = False) -> Any:
    """A HUND character with an action of the first of these poses, one a frame."""
    thing = mocap_actions.character(body, skin=skin)
    mocap_actions.key_basis(thing, body, recorded(body)[:count])
    return thing


@lru_cache(maxsize=4)
def given(body: Body, count: int = POSES) -> tuple[Source, Movement]:
    """These poses as a source, and what a character does in them; data without a scene."""
    thing = actor(body, count)
    source = whole_motion(thing)
    shown = movement(as_body(thing, body), source.frames)
    for made in [made for made in bpy.data.objects if made == thing or made.parent == thing]:
        bpy.data.objects.remove(made)
    return source, shown


def target(thing: Any) -> Target:
    """A rig as the automatic map has it."""
    rig = describe(thing)
    return Target(thing, rig, automatic_map(rig, built_in_presets()).preset)


def evaluated(thing: Any, names: list[str], frames: Any) -> np.ndarray:
    """Matrices (F, N, 4, 4) of bones in armature space as Blender itself evaluates them."""
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame))
        bones = thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        found.append([np.array(bones[name].matrix) for name in names])
    return np.array(found)
