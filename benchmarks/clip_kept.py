# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist keeps of a clip, before and after the clean-up: `python -m benchmarks.clip_kept`.

Goes on from what `python -m benchmarks.clip_accuracy` left: rendered clips of people who move as
recorded, the truth about them, and what the server made of the pictures. Here the add-on makes
motion of it, as an import does, and cleans it up. The truth goes the same way, uncleaned.

  PA, MPJPE  millimetres over the heads of 12 limb bones, aligned, and from the root
  jerky      acceleration error of these from the root, mm per frame²
  skate      mm per frame that the point of a foot that moves less goes over the floor while the
             foot truly stands; and the share of such frames with more than 2 mm
  root       mm that the root is off in the camera frame
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from benchmarks.clip_scenes import Truth
from benchmarks.locked_feet import ASSET, mover_of
from hund_blender.body import Body
from hund_blender.clip.cleanup import AS_SEEN, PRESETS, CleanUp
from hund_blender.clip.conversion import World, motion_of, world_of
from hund_blender.clip.data import Clip, Track, read_clip
from hund_blender.clip.legs import stance
from hund_blender.clip.motion import Motion
from hund_blender.clip.mover import Mover
from hund_blender.clip.process import clean_motion
from hund_blender.rotations import quaternions_from_matrices
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.training.metrics import pa_mpjpe

LIMBS: Final = ("upperarm01", "lowerarm01", "wrist", "upperleg01", "lowerleg01", "foot")
COLUMNS: Final = ("PA", "MPJPE", "jerky", "skate", "over 2 mm, %", "root")
WAYS: Final[Mapping[str, CleanUp]] = {"as the server tells": AS_SEEN, **PRESETS}


class Seen:
    """A motion in the camera frame."""

    def __init__(self, motion: Motion, mover: Mover, world: World) -> None:
        stands = stance(mover.skeleton, motion.rotations_wxyz, motion.root_m)
        names = mover.skeleton.names
        limbs = [names.index(f"{limb}{side}") for limb in LIMBS for side in (".L", ".R")]
        heads = (stands.heads - world.location) @ world.rotation
        self.root, self.limbs = heads[:, 0], heads[:, limbs]
        self.soles = mover.skeleton.soles(stands.turns_wxyz, stands.heads)  # (F, L, 2, 3)

    def scores(self, true: Seen, truth: Truth) -> dict[str, float]:
        own, real = (x.limbs - x.root[:, None] for x in (self, true))
        stood = truth.contacts[1:] & truth.contacts[:-1]
        slides = 1000 * np.linalg.norm(np.diff(self.soles[..., :2], axis=0), axis=-1).min(2)[stood]
        jerks = np.diff(own, n=2, axis=0) - np.diff(real, n=2, axis=0)
        aligned = (torch.from_numpy(x.astype(np.float32)) for x in (own, real))
        return {
            "PA": pa_mpjpe(*aligned).mean().item(),
            "MPJPE": 1000 * distance(own, real),
            "jerky": 1000 * distance(jerks, np.zeros_like(jerks)),
            "skate": float(slides.mean()),
            "over 2 mm, %": 100 * float((slides > 2).mean()),
            "root": 1000 * distance(self.root, true.root),
        }


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b, axis=-1).mean())


def as_track(track: Track, truth: Truth) -> Track:
    """The truth, told as the server would."""
    turns = quaternions_from_matrices(truth.rotations)
    return replace(
        track,
        root_wxyz=turns[:, 0],
        translation_m=truth.translation,
        rotations_wxyz=turns[:, 1:],
        phenotypes=np.array(list(truth.phenotypes.values())),
    )


def scores(body: Body, clip: Clip, truth: Truth) -> dict[str, dict[str, float]]:
    """By way; `clip` has to tell of every frame."""
    track = max(clip.tracks, key=lambda track: len(track.frames))
    world = world_of(clip, body)
    real = replace(clip, bones=tuple(POSE_BONES[1:]), phenotypes=tuple(truth.phenotypes))
    actor = mover_of(body, truth.phenotypes)
    true = Seen(motion_of(real, as_track(track, truth), world, actor), actor, world)
    mover, nowhere = mover_of(body, clip.phenotypes_of(track)), np.zeros(3)
    found = {"truth": true.scores(true, truth)}
    for way, clean_up in WAYS.items():
        motion = clean_motion(clip, track, world, mover, nowhere, clean_up, clip.fps)
        found[way] = Seen(motion, mover, world).scores(true, truth)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, default=Path(".cache/clips/acts"))
    body, table = Body.load(ASSET), dict[str, list[dict[str, float]]]()
    print(f"| clip | way | {' | '.join(COLUMNS)} |\n|{'---|' * (2 + len(COLUMNS))}")
    for path in sorted(parser.parse_args().clips.glob("*.result.npz")):
        name = path.name.removesuffix(".result.npz")
        clip, truth = read_clip(path), Truth.load(path.with_name(f"{name}.npz"))
        if len(clip.tracks[0].frames) < len(truth.joints):
            print(f"| {name} | not seen in every frame |")
            continue
        for way, row in scores(body, clip, truth).items():
            print(line(name, way, row))
            table.setdefault(way, []).append(row)
    for way, rows in table.items():
        print(line("all", way, {c: float(np.mean([row[c] for row in rows])) for c in COLUMNS}))


def line(name: str, way: str, found: Mapping[str, Any]) -> str:
    return f"| {name} | {way} | {' | '.join(f'{found[column]:.1f}' for column in COLUMNS)} |"


if __name__ == "__main__":
    main()
