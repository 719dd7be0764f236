# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a clip takes onto a character's keys, on Blender's main thread and before it.

Run by a Python that has bpy: .env/blender-5.2/bin/python -m benchmarks.clip_keys [--frames 3000]

Every bone of the full rig turns and every facial action changes on every frame. The same keys by
`keyframe_insert`, bone by bone and frame by frame, are made on fewer frames in the same run.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np

import hund_blender
from hund_blender.body import Body
from hund_blender.bones import drawn_bones
from hund_blender.clip.cleanup import NATURAL, PRESETS, cleaned
from hund_blender.clip.keys import ADAPTIVE, BEZIER, EVERY, LINEAR, Keys, KeySettings, keys_of
from hund_blender.clip.motion import Motion
from hund_blender.clip.mover import Mover
from hund_blender.clip.quaternions import exponential
from hund_blender.clip.smoothing import blurred
from hund_blender.rigs import MAKEHUMAN, rig_of
from hund_blender.scene.clip_actions import KEEP, key_character
from hund_blender.scene.people import build_character
from hund_blender.scene.restore import in_scene, object_mode

ASSET: Final = Path(__file__).parents[1] / "model_server" / "assets" / "anny.npz"
ADULT: Final = {"age": 2 / 3}
FPS: Final = 30.0
INSERTED: Final = (30, 60, 120)  # frames for the slow way


def made_motion(mover: Mover, frames: int) -> Motion:
    """Everything moves, smoothly and with jitter, as a raw result does."""
    rng = np.random.default_rng(0)
    bones, actions = len(mover.skeleton.names), len(mover.rig.body.facial_action_names)

    def wandering(*shape: int) -> np.ndarray:
        slow = blurred(rng.normal(size=(frames, *shape)), 8.0)
        return slow / slow.std() + 0.05 * rng.normal(size=(frames, *shape))

    return Motion(
        fps=FPS,
        frames=np.arange(frames),
        seen=np.ones(frames, bool),
        rotations_wxyz=exponential(0.2 * wandering(bones, 3)),
        root_m=mover.skeleton.heads[0] + 0.2 * wandering(3),
        facial_actions=np.clip(0.5 + 0.2 * wandering(actions), 0, 1),
    )


def new_character(name: str, mover: Mover) -> Any:
    with in_scene(bpy.context.scene) as view_layer, object_mode(view_layer):
        collection = bpy.context.scene.collection
        armature, skin = build_character(name, mover.rig, mover.rest, ADULT, collection, view_layer)
    return armature, skin


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of processor time, which other programs on the machine do not change."""
    began = time.thread_time()
    result = work()
    return time.thread_time() - began, result


def slices(steps: Iterator[None]) -> list[float]:
    """How long each slice took on the main thread."""
    took, began = [], time.thread_time()
    for _ in steps:
        took.append(time.thread_time() - began)
        began = time.thread_time()
    return [*took, time.thread_time() - began]


def insert(armature: Any, skin: Any, keys: Keys, frames: int) -> None:
    """What most add-ons do."""
    names = [bone.name for bone in armature.pose.bones]
    blocks = skin.data.shape_keys.key_blocks
    for row in range(frames):
        for name, channel in zip(names, keys.rotations, strict=True):
            bone = armature.pose.bones[name]
            bone.rotation_quaternion = channel.values[row]
            bone.keyframe_insert("rotation_quaternion", frame=row + 1)
        armature.pose.bones[0].location = keys.root.values[row]
        armature.pose.bones[0].keyframe_insert("location", frame=row + 1)
        for block, channel in zip(list(blocks)[1:], keys.facial_actions, strict=True):
            block.value = channel.values[row, 0]
            block.keyframe_insert("value", frame=row + 1)


def growth(counts: tuple[int, ...], seconds: list[float], frames: int) -> float:
    """Seconds for so many frames by a straight line in frames and one in their square."""
    columns = np.stack([np.array(counts, float), np.array(counts, float) ** 2], 1)
    linear, square = np.maximum(np.linalg.lstsq(columns, np.array(seconds), rcond=None)[0], 0.0)
    return float(linear * frames + square * frames**2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=3000)
    frames = parser.parse_args().frames
    bpy.ops.wm.read_factory_settings(use_empty=True)
    hund_blender.register()
    body = Body.load(ASSET)
    rig, rest = rig_of(MAKEHUMAN, body), body.rest(ADULT).standing()
    mover = Mover.of(rig, rest, drawn_bones(rig, rest).frames)
    raw = made_motion(mover, frames)
    print(f"Blender {bpy.app.version_string}, {frames} frames, {len(rig.bone_names)} bones")
    tidy_s, motion = timed(lambda: cleaned(raw, mover.skeleton, PRESETS[NATURAL], FPS))
    print(f"in the background: clean-up {tidy_s:.2f} s")
    for which, between in ((EVERY, LINEAR), (EVERY, BEZIER), (ADAPTIVE, BEZIER)):
        settings = KeySettings(which, interpolation=between)
        chosen_s, keys = timed(lambda s=settings: keys_of(motion, mover.skeleton, s))
        armature, _ = new_character(f"{which} {between}", mover)
        took = slices(key_character(armature.name, keys, "Clip", KEEP))
        channels = (*keys.rotations, keys.root, *keys.facial_actions)
        count = sum(channel.values.size for channel in channels)
        print(
            f"{which} {between}: keys chosen in {chosen_s:.2f} s in the background;"
            f" {count} keys written in {sum(took):.3f} s on the main thread,"
            f" longest slice {1000 * max(took):.0f} ms"
        )
    keys = keys_of(motion, mover.skeleton, KeySettings())
    seconds = []
    for count in INSERTED:
        armature, skin = new_character(f"Inserted {count}", mover)
        seconds.append(timed(lambda c=count, a=armature, s=skin: insert(a, s, keys, c))[0])
        print(f"keyframe_insert: {count} frames in {seconds[-1]:.2f} s")
    print(f"  extrapolated to {frames} frames: {growth(INSERTED, seconds, frames):.0f} s")


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # with classes still registered Blender may hang at its end
