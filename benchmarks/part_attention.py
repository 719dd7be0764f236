# SPDX-License-Identifier: GPL-3.0-or-later
"""What the closer looks at hands and faces add: `python -m benchmarks.part_attention`.

The self-made pictures of `benchmarks/unusual.py`, each seen once and posed twice: with the crops of
hands and face, and with the body's crop alone. Means over hands and heads that were found:

  turned   degrees between the hand (the head) of the answer and the true one, before the camera
  apart    millimetres between their vertices, relative to the root
  body     PA-MPJPE over 12 limb joints, of everybody
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.body_overlay import Mesher
from benchmarks.unusual import Judge, apart_mm, encoded
from benchmarks.unusual_scenes import SCENES, Shot, Studio
from model_server.body_params import BodyParams
from model_server.bones import nearest_rotations
from model_server.camera import NO_FOCAL, camera_of
from model_server.estimate import Estimate, Person
from model_server.image import decode_photo
from model_server.landmarks import PersonLandmarks
from model_server.learning.mocap import so3
from model_server.learning.training.metrics import COCO_LIMBS
from model_server.pipeline import Pipeline, load_pipeline
from model_server.settings import ASSETS

Array = NDArray[Any]
Rows = NDArray[np.intp]

ATTENDED, ALONE = "with closer looks", "body's crop alone"
HAND_BONES: Final = ("wrist", "metacarpal", "finger")


class Parts:
    """Vertices of the hands and of the head."""

    def __init__(self, mesher: Mesher) -> None:
        names = np.array(mesher.body.bone_names)[mesher.strongest_bones()]
        hand = np.array([name.startswith(HAND_BONES) for name in names])
        self._mesher = mesher
        self.rows: Mapping[str, Rows] = {
            "left hand": np.flatnonzero(hand & np.char.endswith(names, ".L")),
            "right hand": np.flatnonzero(hand & np.char.endswith(names, ".R")),
            "head": np.flatnonzero(names == "head"),
        }

    def of(self, parameters: BodyParams) -> dict[str, Array]:
        """Vertices (V, 3) of each part, camera axes, metres from the root's head."""
        vertices = self._mesher.mesh(parameters).vertices_cam - np.array(parameters.translation)
        return {part: vertices[rows] for part, rows in self.rows.items()}


def turned_deg(points: Array, true: Array) -> float:
    """Degrees of the rotation that brings points (V, 3) nearest to the true ones."""
    spread = (points - points.mean(axis=0)).T @ (true - true.mean(axis=0))
    return float(np.degrees(so3.angle_between(np.eye(3), nearest_rotations(spread))))


def found_parts(person: PersonLandmarks) -> list[str]:
    seen = {"left hand": person.left_hand, "right hand": person.right_hand, "head": person.face}
    return [part for part, landmarks in seen.items() if landmarks is not None]


def alone(person: PersonLandmarks) -> PersonLandmarks:
    """Somebody at whose hands and face nobody looked."""
    return replace(person, left_hand=None, right_hand=None, face=None)


class Trials:
    """Errors by kind of part and by way of seeing."""

    def __init__(self, assets: Path, data: Path) -> None:
        self._pipeline: Pipeline = load_pipeline(assets)
        self._studio = Studio(data)
        self._judge = Judge(assets, self._studio.body.names)
        self._parts = Parts(self._judge.mesher)
        self.turned: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.apart: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.body: dict[str, list[float]] = defaultdict(list)

    def shoot(self, number: int, name: str, look: int) -> None:
        shot = self._studio.shot(SCENES[name], look, np.random.default_rng([number, look]))
        photo = decode_photo(encoded(shot.image))
        camera = camera_of(photo.width, photo.height, photo.exif_focal_px, NO_FOCAL)
        seen = self._pipeline.see(photo)
        for way, people in ((ATTENDED, seen), (ALONE, [alone(person) for person in seen])):
            posed = self._pipeline.pose(people, camera)
            estimate = Estimate("", photo.width, photo.height, camera, tuple(posed), {})
            person = self._judge.answer(shot, estimate).person
            if person is not None:
                self._judged(way, person, shot, found_parts(self._same(person, seen)))

    @staticmethod
    def _same(person: Person, seen: list[PersonLandmarks]) -> PersonLandmarks:
        """Who that is among those who were seen with hands and face."""
        at = person.landmarks.pose.landmarks_px
        return min(seen, key=lambda each: float(np.abs(each.pose.landmarks_px - at).max()))

    def _judged(self, way: str, person: Person, shot: Shot, found: list[str]) -> None:
        true_joints = shot.landmarks_cam[self._judge.coco][COCO_LIMBS]
        self.body[way].append(apart_mm(person.keypoints.cam[COCO_LIMBS], true_joints))
        answer, truth = self._parts.of(person.parameters), self._parts.of(shot.truth)
        for part in found:
            kind = part.split()[-1]
            self.turned[kind, way].append(turned_deg(answer[part], truth[part]))
            apart = np.linalg.norm(answer[part] - truth[part], axis=1)
            self.apart[kind, way].append(1000 * float(apart.mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(".cache/data/base"))
    parser.add_argument("--assets", type=Path, default=ASSETS, help="the networks and the body")
    parser.add_argument("--looks", type=int, default=3, help="pictures of each pose")
    options = parser.parse_args()
    torch.set_num_threads(1)
    trials = Trials(options.assets, options.data)
    for number, name in enumerate(SCENES):
        for look in range(options.looks):
            trials.shoot(number, name, look)
    for way in (ATTENDED, ALONE):
        print(f"{way:<20} body {np.mean(trials.body[way]):.1f} mm of {len(trials.body[way])}")
        for kind in ("hand", "head"):
            turned, apart = trials.turned[kind, way], trials.apart[kind, way]
            print(
                f"  {kind}s {len(turned)}: turned {np.mean(turned):.1f}° (median "
                f"{np.median(turned):.1f}°), apart {np.mean(apart):.1f} mm"
            )


if __name__ == "__main__":
    main()
