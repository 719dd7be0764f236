# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses that few photos show, rendered and estimated like photos: `python -m benchmarks.unusual`.

Dressed people of our own renderer in whole pictures, for which the truth is known: upside down,
sitting, lying, crossed limbs, from behind, cropped, children. Each pose is shown in several looks
(shape, clothes, light, surroundings, and a little of the pose differ) and goes through the whole
pipeline. By pose, means over the looks that were found:

  body      PA-MPJPE in millimetres over 12 limb joints of the answer
  detector  the same for the detector's own 3D points
  turned    degrees between the root of the answer and the true one
  age       how far this phenotype (0…1) is off; a child is 1/3, a young adult 2/3
  weight    the same for weight
  IoU       silhouette of the posed body against the detector's person mask
  at best   the same for the true body: what hair, clothes and the mask itself leave to be had

`--sheet` shows the first look of each: the picture, the answer over it, the answer and the truth
from the side.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.body_overlay import (
    Mesher,
    contact_sheet,
    draw,
    labelled,
    on_paper,
    outlined,
    save,
    silhouette,
)
from benchmarks.person_masks import Mask, MaskFinder, cover
from benchmarks.photos import belonging
from benchmarks.unusual_scenes import SCENES, SIZE, Shot, Studio
from hund_blender.rotations import matrices_from_quaternions
from model_server.arrays import ImageArray
from model_server.body_params import BodyParams
from model_server.crops import box_around
from model_server.estimate import Estimate, Person
from model_server.landmark_names import COCO_JOINTS, indices
from model_server.learning.mocap import so3
from model_server.learning.training.metrics import COCO_LIMBS, POSE_LIMBS, pa_mpjpe
from model_server.pipeline import load_pipeline
from model_server.settings import ASSETS

Array = NDArray[Any]

TILE: Final = 300
HEADER: Final = "| pose | found | body | detector | turned | age | weight | IoU | at best |"


@dataclass(frozen=True)
class Trial:
    """How one picture was answered; numbers of whoever was not found are not there."""

    claimed: int
    body_mm: float | None = None
    detector_mm: float | None = None
    turned_deg: float | None = None
    age_off: float | None = None
    weight_off: float | None = None
    iou: float | None = None
    best_iou: float | None = None


@dataclass(frozen=True)
class Answer:
    """Whoever of an estimate is the person of a picture, and where the detector sees them."""

    person: Person | None
    mask: Mask | None


class Judge:
    def __init__(self, assets: Path, names: Sequence[str]) -> None:
        self.mesher = Mesher(assets / "anny.npz")
        self.masks = MaskFinder()
        self.coco = list(indices(names, [f"coco:{joint}" for joint in COCO_JOINTS]))

    def answer(self, shot: Shot, estimate: Estimate) -> Answer:
        """Who of the estimate is the person of the picture, if anybody."""
        joints_px = shot.camera.project(shot.landmarks_cam[self.coco])
        inside = ((joints_px > 0) & (joints_px < SIZE)).all(axis=1)
        boxes = [person.box for person in estimate.people]
        found = belonging(box_around(joints_px[inside]), boxes)
        if found is None:
            return Answer(None, None)
        person = estimate.people[found]
        return Answer(person, self.masks.mask(shot.image, person.landmarks.pose))

    def trial(self, shot: Shot, estimate: Estimate, answer: Answer) -> Trial:
        person, mask = answer.person, answer.mask
        if person is None:
            return Trial(len(estimate.people))
        true = shot.landmarks_cam[self.coco][COCO_LIMBS]
        seen = person.landmarks.pose.world_m[POSE_LIMBS]
        shape, true_shape = person.parameters.phenotypes, shot.truth.phenotypes
        trial = Trial(
            claimed=len(estimate.people),
            body_mm=apart_mm(person.keypoints.cam[COCO_LIMBS], true),
            detector_mm=apart_mm(seen, true),
            turned_deg=degrees_apart(person.parameters, shot.truth),
            age_off=abs(shape["age"] - true_shape["age"]),
            weight_off=abs(shape["weight"] - true_shape["weight"]),
        )
        if mask is None:
            return trial
        posed = silhouette(self.mesher.mesh(person.parameters), estimate.camera, mask.shape)
        best = silhouette(self.mesher.mesh(shot.truth), shot.camera, mask.shape)
        return replace(trial, iou=cover(posed, mask).iou, best_iou=cover(best, mask).iou)

    def picture(self, shot: Shot, estimate: Estimate, answer: Answer, text: str) -> ImageArray:
        """The picture, the answer over it, the answer and the truth from the side."""
        meshes = [self.mesher.mesh(other.parameters) for other in estimate.people]
        over = draw(shot.image, meshes, estimate.camera)
        side = np.full((TILE, TILE, 3), 255, np.uint8)
        if answer.mask is not None:
            over = outlined(over, [answer.mask])
        if answer.person is not None:
            side = on_paper(self.mesher.mesh(answer.person.parameters).from_the_side(), TILE)
        truth = on_paper(self.mesher.mesh(shot.truth).from_the_side(), TILE)
        tiles = [labelled(tile_of(shot.image), text), tile_of(over), side]
        return np.concatenate([*tiles, labelled(truth, "truth")], axis=1)


def tile_of(image: ImageArray) -> ImageArray:
    return np.asarray(cv2.resize(image, (TILE, TILE), interpolation=cv2.INTER_AREA), np.uint8)


def apart_mm(points: Array, true: Array) -> float:
    """PA-MPJPE of joints (J, 3)."""
    batches = (torch.from_numpy(np.asarray(each, np.float32))[None] for each in (points, true))
    return pa_mpjpe(*batches).item()


def degrees_apart(answer: BodyParams, truth: BodyParams) -> float:
    turns = (matrices_from_quaternions(np.array(each.root)) for each in (answer, truth))
    return float(np.degrees(so3.angle_between(*turns)))


def line(name: str, trials: Sequence[Trial]) -> str:
    """A row of the table."""
    found = [trial for trial in trials if trial.body_mm is not None]
    extra = sum(trial.claimed for trial in trials) - len(found)

    def mean(value: str, digits: int) -> str:
        known = [x for trial in found if (x := getattr(trial, value)) is not None]
        return f"{np.mean(known):.{digits}f}" if known else "–"

    count = f"{len(found)}/{len(trials)}" + (f" +{extra}" if extra else "")
    whole = [mean(value, 0) for value in ("body_mm", "detector_mm", "turned_deg")]
    shares = [mean(value, 2) for value in ("age_off", "weight_off", "iou", "best_iou")]
    return f"| {' | '.join([name, count, *whole, *shares])} |"


def encoded(image: ImageArray) -> bytes:
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


def measure(data: Path, assets: Path, looks: int, sheet: Path | None) -> dict[str, list[Trial]]:
    """Trials by scene, and the sheet if it is wanted."""
    studio, pipeline = Studio(data), load_pipeline(assets)
    judge = Judge(assets, studio.body.names)
    trials, pictures = dict[str, list[Trial]](), list[ImageArray]()
    for number, (name, scene) in enumerate(SCENES.items()):
        for look in range(looks):
            rng = np.random.default_rng([number, look])
            shot = studio.shot(scene, look, rng)
            estimate = pipeline.estimate(encoded(shot.image))
            answer = judge.answer(shot, estimate)
            trials.setdefault(name, []).append(judge.trial(shot, estimate, answer))
            if look == 0:
                millimetres = trials[name][0].body_mm
                told = "not found" if millimetres is None else f"{millimetres:.0f} mm"
                pictures.append(judge.picture(shot, estimate, answer, f"{name}: {told}"))
    if sheet:
        save(contact_sheet(pictures, 2, (4 * TILE, TILE)), sheet)
    return trials


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(".cache/data/base"))
    parser.add_argument("--assets", type=Path, default=ASSETS, help="the networks and the body")
    parser.add_argument("--looks", type=int, default=3, help="pictures of each pose")
    parser.add_argument("--sheet", type=Path, help="write pictures, answers and truths")
    options = parser.parse_args()
    torch.set_num_threads(1)
    trials = measure(options.data, options.assets, options.looks, options.sheet)
    print(HEADER)
    print(re.sub(r"[^|]+", "---", HEADER))
    for name, some in trials.items():
        print(line(name, some))
    print(line("all", [trial for some in trials.values() for trial in some]))


if __name__ == "__main__":
    main()
