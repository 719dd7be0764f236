# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether people keep their names: `python -m benchmarks.clip_crossing [--sheet sheet.png]`.

Two rendered people walk past each other, the nearer one hiding the other for a while; or one walks
out of the picture. Per clip: the tracks in the result, the share of frames that
each person has one, how often somebody's track changes, and frames in which one track is on both.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.body_overlay import Mesher, contact_sheet, save
from benchmarks.clip_overlay import Result, overlaid
from benchmarks.clip_scenes import GRAIN, SIZE, Act, Theatre, Truth
from benchmarks.video_files import write_video
from model_server.arrays import ImageArray
from model_server.camera import Camera, GivenFocal
from model_server.clips.estimator import ClipOptions
from model_server.clips.opening import open_clip
from model_server.clips.result import ClipResult
from model_server.clips.source import Frame
from model_server.clips.timeline import Wanted
from model_server.learning.rendering.grain import normal_grain
from model_server.pipeline import load_pipeline
from model_server.settings import ASSETS

Array = NDArray[Any]

HIPS: Final = [11, 12]
NEAR: Final = 0.5  # of a person's height in the picture: whose hips these are
SHOWN: Final = 12  # frames of a clip on the sheet


@dataclass(frozen=True)
class Walk:
    """Somebody's part: a recording, where it begins, and how far away, metres."""

    act: Act
    across: float
    away: float


PAIRS: Final[dict[str, tuple[Walk, Walk]]] = {
    "pass by": (
        Walk(Act("cmu/07_05", 20, 100, heading=90), -1.3, 4.4),
        Walk(Act("cmu/07_06", 10, 90, heading=-90), 1.3, 5.4),
    ),
    "pass by, child before": (
        Walk(Act("cmu/08_03", 5, 85, heading=90, child=True), -1.3, 4.2),
        Walk(Act("cmu/07_05", 20, 100, heading=-90), 1.3, 4.8),
    ),
    "out of the picture": (
        Walk(Act("indian/14", 400, 500), -0.8, 5.0),
        Walk(Act("cmu/07_05", 20, 120, heading=90), 0.2, 4.6),
    ),
}


class Stage:
    """Two people before one camera."""

    def __init__(self, theatre: Theatre) -> None:
        self._theatre = theatre

    def truths(self, pair: tuple[Walk, Walk], seed: int) -> list[Truth]:
        rng = np.random.default_rng(seed)
        truths = [placed(self._theatre.truth(walk.act, rng), walk) for walk in pair]
        count = min(len(truth.joints) for truth in truths)
        level = truths[0].floor
        return [first(lowered(truth, level), count) for truth in truths]

    def frames(self, truths: Sequence[Truth], seed: int) -> Iterator[ImageArray]:
        rng = np.random.default_rng(seed)
        renderer = self._theatre.renderer
        looks = [renderer.sample_look(truth.phenotypes, rng) for truth in truths]
        surroundings = int(rng.integers(1 << 30))
        for frame in range(len(truths[0].joints)):
            order = sorted(range(2), key=lambda i: -truths[i].joints[frame, HIPS, 2].mean())
            image = np.zeros((SIZE, SIZE, 3), np.uint8)
            for layer, i in enumerate(order):
                shown = self._theatre.shown(truths[i], frame, looks[i], surroundings)
                visible = shown.silhouette[..., None] > 0
                image = np.where(visible | (layer == 0), shown.image, image)
            noise = normal_grain(rng, image.shape) * np.float32(GRAIN)
            yield np.clip(image + noise, 0, 255).astype(np.uint8)


def placed(truth: Truth, walk: Walk) -> Truth:
    """Moved along the floor to where the walk begins."""
    start = truth.joints[0, HIPS].mean(axis=0)
    along = np.cross([1.0, 0, 0], truth.down)  # to the back
    away = (walk.away - start[2]) / along[2]
    return moved(truth, np.array([walk.across - start[0], 0, 0]) + away * along)


def lowered(truth: Truth, floor: float) -> Truth:
    """On a floor that far below the camera."""
    return replace(moved(truth, (floor - truth.floor) * truth.down), floor=floor)


def moved(truth: Truth, by: Array) -> Truth:
    return replace(
        truth,
        translation=truth.translation + by,
        joints=truth.joints + by,
        feet=truth.feet + by,
    )


def first(truth: Truth, count: int) -> Truth:
    names = ("rotations", "translation", "joints", "feet")
    return replace(truth, **{name: getattr(truth, name)[:count] for name in names})


def tracks_of(truth: Truth, result: ClipResult) -> list[int | None]:
    """Which track is on somebody in every frame; None while they are out of the picture too."""
    camera = Camera(truth.focal_px, (SIZE / 2, SIZE / 2), "given")
    hips = camera.project(truth.joints[:, HIPS].mean(axis=1))
    heights = np.ptp(camera.project(truth.joints)[..., 1], axis=1)
    owners: list[int | None] = []
    for frame, (place, height) in enumerate(zip(hips, heights, strict=True), start=1):
        near = {
            track: float(np.linalg.norm(camera.project(hips_of(motion, frame)) - place))
            for track, motion in result.motions.items()
            if frame in motion.frames
        }
        best = min(near, key=lambda track: near[track], default=None)
        owners.append(best if best is not None and near[best] < NEAR * height else None)
    return owners


def hips_of(motion: Any, frame: int) -> Array:
    return motion.keypoints[np.searchsorted(motion.frames, frame), HIPS].mean(axis=0)


def line(name: str, truths: Sequence[Truth], result: ClipResult) -> str:
    owners = [tracks_of(truth, result) for truth in truths]
    shares = " ".join(f"{np.mean([o is not None for o in own]):.2f}" for own in owners)
    apart = far_apart(*truths)
    alone = [[o for o, clear in zip(own, apart, strict=True) if clear and o] for own in owners]
    changes = [sum(a != b for a, b in pairwise(own)) for own in alone]
    both = sum(a == b for a, b, clear in zip(*owners, apart, strict=True) if clear and a)
    return f"| {name} | {len(result.motions)} | {shares} | {sum(changes)} | {both} |"


def far_apart(a: Truth, b: Truth) -> list[bool]:
    """In which frames two people are not before each other, so that a track is of one of them."""
    hips = [t.joints[:, HIPS].mean(axis=1) for t in (a, b)]
    seen = [place[:, :2] / place[:, 2:] for place in hips]
    heights = np.ptp(a.joints[..., 1] / a.joints[..., 2], axis=1)
    return (np.linalg.norm(seen[0] - seen[1], axis=1) > NEAR * heights).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(".cache/data/base"))
    parser.add_argument("--clips", type=Path, default=Path(".cache/clips/crossing"))
    parser.add_argument("--sheet", type=Path, help="write frames with the answers over them")
    options = parser.parse_args()
    torch.set_num_threads(1)
    stage, pipeline = Stage(Theatre(options.data)), load_pipeline(ASSETS)
    mesher, pictures = Mesher(ASSETS / "anny.npz"), list[ImageArray]()
    options.clips.mkdir(parents=True, exist_ok=True)
    print("| clip | tracks | share of frames | changes | one on both |\n|---|---|---|---|---|")
    for seed, (name, pair) in enumerate(PAIRS.items()):
        truths, video = stage.truths(pair, seed), options.clips / f"{name}.mp4"
        if not video.exists():
            write_video(video, stage.frames(truths, seed), truths[0].fps)
        focal = GivenFocal(px=truths[0].focal_px)
        run = pipeline.clip(open_clip(video, Wanted()), ClipOptions(max_people=2, focal=focal))
        for _ in run.frames():
            pass
        result = run.result()
        result.save(video.with_suffix(".npz"))
        run.close()
        print(line(name, truths, result), flush=True)
        if options.sheet:
            told, step = Result(video.with_suffix(".npz")), max(len(truths[0].joints) // SHOWN, 1)
            shown = (f for f in open_clip(video, Wanted(step=step)) if isinstance(f, Frame))
            pictures += [overlaid(frame, told, mesher) for frame in shown][:SHOWN]
    if options.sheet:
        save(contact_sheet(pictures, SHOWN // 2, (320, 320)), options.sheet)


if __name__ == "__main__":
    main()
