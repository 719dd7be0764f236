# SPDX-License-Identifier: GPL-3.0-or-later
"""How near clips come to the truth: `python -m benchmarks.clip_accuracy [--sheet sheet.png]`.

Dressed people who move as recorded (clip_scenes.py; subjects and clips that nothing was trained on)
go through the whole way of a clip, and frame by frame through that of photos. By clip and way:

  PA         PA-MPJPE in millimetres over 12 limb joints
  MPJPE      the same joints from the middle of the hips
  jerky      acceleration error of these, mm per frame²: ‖a − true a‖; "of photos" as a share
  jerky, cam the same in the camera frame, where errors of the distance count
  size       standard deviation of the stature over the clip, centimetres
  skate      mm per frame that ankles move while their foot truly stands (the truth's own is told)
  root       mm that the hips are off in the camera frame
  seen       share of the frames

"as it comes" is what single frames of the clip told, "refined" the result, which is kept beside the
clip: `clip_kept.py` goes on from there with what the add-on makes of it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.clip_scenes import ACTS, REHEARSALS, Theatre, Truth
from benchmarks.unusual import encoded
from model_server.bones import BodyBones
from model_server.camera import GivenFocal
from model_server.clips.estimator import ClipOptions, PosedFrame
from model_server.clips.opening import open_clip
from model_server.clips.result import ClipResult
from model_server.clips.timeline import Wanted
from model_server.estimate import Person
from model_server.learning.training.metrics import COCO_LIMBS, pa_mpjpe
from model_server.physique import Physique
from model_server.pipeline import Pipeline, load_pipeline
from model_server.settings import ASSETS

Array = NDArray[Any]

HIPS: Final = [11, 12]  # of COCO
ANKLES: Final = [15, 16]
COLUMNS: Final = ("PA", "MPJPE", "jerky", "jerky, cam", "size", "skate", "root", "seen")


@dataclass(frozen=True)
class Told:
    """What one way says of F frames; NaN where nobody was seen."""

    joints: Array  # (F, 17, 3)
    statures: Array  # (F,)


def scores(told: Told, truth: Truth) -> dict[str, float]:
    seen = np.isfinite(told.joints[:, 0, 0])
    joints, true = told.joints[seen], truth.joints[seen]
    steady = seen[2:] & seen[1:-1] & seen[:-2]
    stands = truth.contacts[1:] & truth.contacts[:-1]
    steps = np.linalg.norm(np.diff(told.joints[:, ANKLES], axis=0), axis=2)
    jerks = [
        np.linalg.norm(np.diff(a, n=2, axis=0) - np.diff(b, n=2, axis=0), axis=2)[steady]
        for a, b in (
            (from_hips(told.joints), from_hips(truth.joints)),
            (told.joints, truth.joints),
        )
    ]
    limbs = (torch.from_numpy(x[:, COCO_LIMBS].astype(np.float32)) for x in (joints, true))
    off = np.linalg.norm(from_hips(joints) - from_hips(true), axis=2)
    root = np.linalg.norm(joints[:, HIPS].mean(1) - true[:, HIPS].mean(1), axis=1)
    return {
        "PA": pa_mpjpe(*limbs).mean().item(),
        "MPJPE": 1000 * off[:, COCO_LIMBS].mean(),
        "jerky": 1000 * jerks[0][:, COCO_LIMBS].mean(),
        "jerky, cam": 1000 * jerks[1][:, COCO_LIMBS].mean(),
        "size": 100 * float(np.nanstd(told.statures)),
        "skate": 1000 * float(np.nanmean(steps[stands])),
        "root": 1000 * root.mean(),
        "seen": seen.mean(),
    }


def from_hips(joints: Array) -> Array:
    return joints - joints[:, HIPS].mean(axis=1, keepdims=True)


class Ways:
    """The ways from a video to joints."""

    def __init__(self, assets: Path) -> None:
        self.pipeline: Pipeline = load_pipeline(assets)
        self._physique = Physique(assets / "anny.npz", BodyBones(assets / "anny.npz"))

    def photos(self, video: Path, truth: Truth, frames: int) -> Told:
        """The first frames of a video, each by itself; kept beside the video, since it is slow."""
        kept = video.with_suffix(".photos.npz")
        if not kept.exists():
            people = [self._in_photo(image, truth) for image in images_of(video, frames)]
            told = self._told(dict(enumerate(people, start=1)), frames)
            np.savez(kept, joints=told.joints, statures=told.statures)
        with np.load(kept) as stored:
            return Told(stored["joints"], stored["statures"])

    def _in_photo(self, image: Array, truth: Truth) -> Person | None:
        focal = GivenFocal(px=truth.focal_px)
        found = self.pipeline.estimate(encoded(image), focal=focal, max_people=1)
        return next(iter(found.people), None)

    def clip(self, video: Path, truth: Truth) -> tuple[Told, ClipResult]:
        """The video as a clip: what single frames told, and the result."""
        source = open_clip(video, Wanted())
        options = ClipOptions(max_people=1, focal=GivenFocal(px=truth.focal_px))
        run = self.pipeline.clip(source, options)
        people = {
            frame.number: frame.people[0].person if frame.people else None
            for frame in run.frames()
            if isinstance(frame, PosedFrame)
        }
        result = run.result()
        run.close()
        return self._told(people, len(truth.joints)), result

    def refined(self, result: ClipResult, frames: int) -> Told:
        """The longest track of a result."""
        joints, statures = np.full((frames, 17, 3), np.nan), np.full(frames, np.nan)
        if result.motions:
            motion = max(result.motions.values(), key=lambda m: len(m.frames))
            rows = motion.frames - 1
            joints[rows] = motion.keypoints
            shape = dict(zip(result.names.phenotypes, motion.phenotypes.tolist(), strict=True))
            statures[rows] = self._physique.stature(shape)
        return Told(joints, statures)

    def _told(self, people: Mapping[int, Person | None], frames: int) -> Told:
        joints, statures = np.full((frames, 17, 3), np.nan), np.full(frames, np.nan)
        for number, person in people.items():
            if person is not None:
                joints[number - 1] = person.keypoints.cam
                statures[number - 1] = self._physique.stature(person.parameters.phenotypes)
        return Told(joints, statures)


def images_of(video: Path, frames: int) -> list[Array]:
    """The first frames, RGB."""
    source = open_clip(video, Wanted(last=frames))
    return [frame.pixels for frame in source if hasattr(frame, "pixels")]


def first(truth: Truth, frames: int) -> Truth:
    cut = {
        name: getattr(truth, name)[:frames]
        for name in ("rotations", "translation", "joints", "feet")
    }
    return Truth(**(vars(truth) | cut))


def line(name: str, way: str, found: Mapping[str, float]) -> str:
    digits = {"seen": 2, "size": 1, "skate": 1, "jerky": 1, "jerky, cam": 1}
    numbers = [f"{found[column]:.{digits.get(column, 0)}f}" for column in COLUMNS]
    return f"| {' | '.join([name, way, *numbers])} |"


def mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {column: float(np.mean([row[column] for row in rows])) for column in COLUMNS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(".cache/data/base"))
    parser.add_argument(
        "--clips", type=Path, default=Path(".cache/clips"), help="where they are kept"
    )
    parser.add_argument("--assets", type=Path, default=ASSETS, help="the networks and the body")
    parser.add_argument(
        "--rehearsals", action="store_true", help="the clips settings are chosen by"
    )
    parser.add_argument("--photos", type=int, default=60, help="frames that also go as photos")
    options = parser.parse_args()
    torch.set_num_threads(1)
    theatre, ways = Theatre(options.data), Ways(options.assets)
    group, acts = ("rehearsals", REHEARSALS) if options.rehearsals else ("acts", ACTS)
    header = f"| clip | way | {' | '.join(COLUMNS)} |"
    print(header, re.sub(r"[^|]+", "---", header), sep="\n")
    table: dict[str, list[dict[str, float]]] = {}
    for seed, (name, act) in enumerate(acts.items()):
        video, truth = theatre.clip(act, seed, options.clips / group, name)
        told, result = ways.clip(video, truth)
        result.save(video.with_suffix(".result.npz"))
        rows = {
            "as it comes": scores(told, truth),
            "refined": scores(ways.refined(result, len(truth.joints)), truth),
        }
        if options.photos:
            short = first(truth, options.photos)
            rows["photos"] = scores(ways.photos(video, truth, len(short.joints)), short)
            same = ways.refined(result, len(truth.joints))
            rows["refined, same frames"] = scores(
                Told(same.joints[: options.photos], same.statures[: options.photos]), short
            )
        for way, row in rows.items():
            print(line(name, way, row), flush=True)
            table.setdefault(way, []).append(row)
    for way, all_rows in table.items():
        print(line("all", way, mean(all_rows)))


if __name__ == "__main__":
    main()
