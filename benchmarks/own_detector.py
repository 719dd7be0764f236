# SPDX-License-Identifier: GPL-3.0-or-later
"""What flat keypoints of a good detector are worth: `python -m benchmarks.own_detector`.

The people of `benchmarks.fit`. In place of a detector that somebody brings, the true places of the
17 COCO joints, and of the other landmarks that are among the 133 keypoints of COCO-WholeBody, with
no error and with normal errors of so much of a person's size (the root of the area of the box round
all landmarks; our own detector is off by 0.031 in the middle). Compared are

  ours          our own detector's landmarks and depth
  whole body    keypoints, with the depth that our detector saw
  our places    the same, were COCO's joints where our landmarks of these names are on the body
  twice         whole body, once more with the depth of the body that came of it
  flat          keypoints alone, visible where they are in the picture, as if our detector had found
                nobody there
  flat, twice   the same, once more with the depth of the body that came of it: the run time
  and unread    besides, without what the encoder read in the picture
  17 joints     whole body, but the COCO joints alone
  17, flat      flat, twice, but the COCO joints alone

PA-MPJPE and MPJPE in millimetres over 12 limb joints.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch

from benchmarks.fit import true_joints
from model_server.arrays import FloatArray
from model_server.camera import Camera
from model_server.crops import box_around
from model_server.decode import evidence_of as evidence_of_people
from model_server.landmark_names import COCO_JOINTS, POSE_LANDMARKS, WHOLE_BODY
from model_server.landmarks import PersonLandmarks, PictureReading, PoseLandmarks, WholeBody
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.read import read_people
from model_server.learning.export_onnx import DEFAULT_OUT
from model_server.learning.samples.people import PICTURE_PX
from model_server.learning.training.batch import People
from model_server.learning.training.exported import evidence_of
from model_server.learning.training.metrics import COCO_LIMBS, mpjpe, pa_mpjpe
from model_server.lifting import lifted
from model_server.session import Evidence, OnnxDescent
from model_server.whole_body import KEYPOINT_OF, affirmed, brought

ERRORS: Final = (0.0, 0.02, 0.04)
BATCH: Final = 64


class Studio:
    """The people, and what is true of them."""

    def __init__(self, samples: Path, graph: Path, count: int | None) -> None:
        self.people: People = read_people(samples)[: count or sys.maxsize]
        self.descent = OnnxDescent(graph)
        self.joints = true_joints(self.people)
        self.given = evidence_of(self.people)
        self._true_px, self._names = self._places()

    def _places(self) -> tuple[FloatArray, list[str]]:
        body = LandmarkModel(BodyModel())
        with torch.no_grad():
            landmarks, _ = body(self.people.phenotypes, self.people.rotations)
        cam = (landmarks + self.people.translation[:, None]).numpy()
        focal, center = self.given.focal_px[:, None, None], self.given.center_px[:, None]
        return cam[..., :2] / cam[..., 2:] * focal + center, body.names

    def keypoints(
        self, row: int, error: float, names: set[str], *, ours_first: bool = False
    ) -> WholeBody:
        """What a detector with such errors says of somebody; with `ours_first` joints are where our
        landmarks of the same names are on the body.
        """
        ours = {KEYPOINT_OF[name]: self._names.index(name) for name in POSE_LANDMARKS}
        joints = {name: self._names.index(f"coco:{name}") for name in COCO_JOINTS}
        places = joints | ours if ours_first else ours | joints
        px = {name: self._true_px[row, place] for name, place in places.items()}
        size = box_around(self._true_px[row, : len(POSE_LANDMARKS)]).area ** 0.5
        rng = np.random.default_rng(row)
        moved = {name: at + error * size * rng.normal(size=2) for name, at in px.items()}
        return WholeBody.of(
            {
                name: (float(x), float(y), float(min(x, y) >= 0 and max(x, y) < PICTURE_PX))
                for name, (x, y) in moved.items()
                if name in names
            }
        )

    def seen(self, row: int) -> PersonLandmarks:
        """Somebody by our own detector."""
        given = self.given
        seen = given.visibility[row]
        look = PoseLandmarks(
            given.landmarks_px[row], given.depth[row], seen, seen, given.world[row]
        )
        reading = PictureReading(
            **{field.name: getattr(given, field.name)[row] for field in fields(PictureReading)}
        )
        return PersonLandmarks((look,), np.ones((1, 33), np.float32), reading=reading)

    def camera(self, row: int) -> Camera:
        x, y = self.given.center_px[row]
        return Camera(float(self.given.focal_px[row]), (float(x), float(y)), "given")

    def errors(self, see: Callable[[int], PersonLandmarks], descents: int) -> dict[str, float]:
        """Of bodies posed from what is seen of everybody."""
        people = [see(row) for row in range(len(self.people))]
        for _ in range(descents - 1):
            bodies = np.concatenate([posed.landmarks_cam for posed in self._posed(people)])
            people = [lifted(p, bodies[i], self.camera(i)) for i, p in enumerate(people)]
        joints = np.concatenate(
            [posed.keypoints_cam[:, COCO_LIMBS] for posed in self._posed(people)]
        )
        found = torch.from_numpy(joints)
        aligned = pa_mpjpe(found, self.joints)
        return {
            "pa_mpjpe_mm": aligned.mean().item(),
            "pa_median_mm": aligned.median().item(),
            "mpjpe_mm": mpjpe(found, self.joints).mean().item(),
        }

    def _posed(self, people: list[PersonLandmarks]) -> Iterator:
        """Batch by batch."""
        for start in range(0, len(people), BATCH):
            rows = range(start, min(start + BATCH, len(people)))
            several = [evidence_of_people([people[i]], self.camera(i)) for i in rows]
            batch = Evidence(
                **{
                    field.name: np.concatenate([getattr(one, field.name) for one in several])
                    for field in fields(Evidence)
                }
            )
            ends = {
                name: getattr(self.given, name)[rows.start : rows.stop]
                for name in ("ends", "ends_trust")
            }
            yield self.descent.run(replace(batch, **ends))


def measure(studio: Studio) -> Iterator[dict[str, object]]:
    whole, joints = set(WHOLE_BODY), set(COCO_JOINTS)
    yield {"seen": "ours", **studio.errors(studio.seen, 1)}
    for error in ERRORS:

        def merged(
            row: int, error: float = error, names: set[str] = whole, *, ours_first: bool = False
        ) -> PersonLandmarks:
            person = studio.seen(row)
            seen = brought(studio.keypoints(row, error, names, ours_first=ours_first), person)
            return affirmed(replace(seen, reading=person.reading))

        def flat(
            row: int, error: float = error, names: set[str] = whole, *, read: bool = True
        ) -> PersonLandmarks:
            reading = studio.seen(row).reading if read else None
            return affirmed(replace(brought(studio.keypoints(row, error, names)), reading=reading))

        ways: dict[str, tuple[Callable[[int], PersonLandmarks], int]] = {
            "whole body": (merged, 1),
            "our places": (partial(merged, ours_first=True), 1),
            "twice": (merged, 2),
            "flat": (flat, 1),
            "flat, twice": (flat, 2),
            "and unread": (partial(flat, read=False), 2),
            "17 joints": (partial(merged, names=joints), 1),
            "17, flat": (partial(flat, names=joints), 2),
        }
        for name, (see, descents) in ways.items():
            yield {"error": error, "seen": name, **studio.errors(see, descents)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/test_seen_again"))
    parser.add_argument("--graph", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--people", type=int, help="the first so many only")
    arguments = parser.parse_args()
    for found in measure(Studio(arguments.samples, arguments.graph, arguments.people)):
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
