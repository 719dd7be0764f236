# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks to evidence, and the network's answer to people: both sides of one session call."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Final

import numpy as np

from model_server.arrays import FloatArray
from model_server.body_params import BodyParams, body_params, rounded
from model_server.bones import BodyBones
from model_server.camera import Camera
from model_server.details import Details, Ends, ends_of
from model_server.estimate import Keypoints, Person
from model_server.fusion import fuse_hands
from model_server.head import HEAD, carried_by_head, fuse_head
from model_server.hypotheses import person_box
from model_server.joint_landmarks import landmarks_of_bone
from model_server.landmark_names import COCO_FROM_POSE, COCO_JOINTS, POSE_LANDMARKS, indices
from model_server.landmarks import PersonLandmarks, PictureReading, PoseLandmarks
from model_server.session import DescentConfig, Evidence, Posed

_FAR_BETTER: Final = 0.7  # times the energy; smaller differences say little on photos
_FEATURES, _PARTS, _CELLS = 256, 15, 16  # what the encoder says of a crop
_NOTHING_CLOSER: Final = Ends(
    np.tile(np.eye(3, dtype=np.float32), (3, 1, 1)), np.zeros(3, np.float32)
)
_FACE: Final = list(
    indices(COCO_JOINTS, ["nose", "left_eye", "right_eye", "left_ear", "right_ear"])
)


def evidence_of(
    people: Sequence[PersonLandmarks], camera: Camera, ends: Sequence[Ends] | None = None
) -> Evidence:
    """All looks at all people as one batch, person by person, in pixels of the photo; the looks
    at a person share what was read in the picture and what closer looks told.
    """
    looks = [look for person in people for look in person.hypotheses]
    readings = [
        person.reading or nothing_read(look) for person in people for look in person.hypotheses
    ]
    present = [person.reading is not None for person in people for _ in person.hypotheses]
    count = len(looks)
    whose = [i for i, person in enumerate(people) for _ in person.hypotheses]
    near = ends or [_NOTHING_CLOSER] * len(people)
    return Evidence(
        landmarks_px=np.stack([look.landmarks_px for look in looks]),
        visibility=np.stack([look.visibility for look in looks]),
        world=np.stack([look.world_m for look in looks]),
        depth=np.stack([look.depth for look in looks]),
        focal_px=np.full(count, camera.focal_px, np.float32),
        center_px=np.tile(np.array(camera.center_px, np.float32), (count, 1)),
        ends=np.stack([near[i].turns for i in whose]),
        ends_trust=np.stack([near[i].trust for i in whose]),
        present=np.array(present, np.float32)[:, None],
        **{
            field.name: np.stack([getattr(reading, field.name) for reading in readings])
            for field in fields(PictureReading)
        },
    )


def nothing_read(look: PoseLandmarks) -> PictureReading:
    """For a look at somebody whose picture the encoder has not seen."""
    return PictureReading(
        features=np.zeros(_FEATURES, np.float32),
        parts=np.zeros((_PARTS, _CELLS, _CELLS), np.float32),
        crop_px=np.array([0, 0, 1], np.float32),
        heat_px=look.landmarks_px,
        heat_trust=np.zeros(len(look.visibility), np.float32),
    )


@dataclass(frozen=True)
class Decoder:
    """Knows what the network's numbers are called, and the bones of the body it poses."""

    config: DescentConfig
    bones: BodyBones

    def ends(self, people: Sequence[PersonLandmarks], details: Sequence[Details]) -> list[Ends]:
        """What the details tell the descent; the shapes of the people are not known yet."""
        head_turn = self.bones.reference({}).turn(HEAD)
        return [ends_of(*pair, head_turn) for pair in zip(people, details, strict=True)]

    def people(
        self,
        posed: Posed,
        people: Sequence[PersonLandmarks],
        details: Sequence[Details],
        camera: Camera,
    ) -> list[Person]:
        """The people behind a batch of `evidence_of`, by the looks that the body explains best."""
        rows, starts = best_rows(posed.energy, people), _starts(people)
        return [
            self._person(posed, row, person.with_best(row - start), camera, theirs)
            for row, start, person, theirs in zip(rows, starts, people, details, strict=True)
        ]

    def _person(
        self, posed: Posed, row: int, seen: PersonLandmarks, camera: Camera, details: Details
    ) -> Person:
        """Whoever a row of the batch poses, seen first by the look that the row is made of."""
        confidence = confidence_of(seen)
        parameters, joints_cam = self._fused(posed, row, details)
        return Person(
            box=person_box(seen.pose),
            confidence=seen.confidence,
            keypoints=keypoints_of(joints_cam, confidence, camera),
            landmarks=seen,
            joint_confidence=joint_confidence_of(list(parameters.rotations), confidence),
            parameters=parameters,
        )

    def _fused(self, posed: Posed, index: int, details: Details) -> tuple[BodyParams, FloatArray]:
        """Body, hands and face as one, and where its COCO joints (17, 3) are in the camera."""
        root = posed.root[index].astype(np.float64)
        body = dict(
            zip(self.config.pose_bones, posed.rotations[index].astype(np.float64), strict=True)
        )
        shares = rounded(np.clip(posed.phenotypes[index], 0, 1))
        phenotypes = dict(zip(self.config.phenotypes, shares, strict=True))
        bones = self.bones.reference(phenotypes)
        turned = fuse_head(body, root, details.face, bones)
        fused = fuse_hands(turned, root, details.hands, bones)
        joints_cam = posed.keypoints_cam[index].copy()
        from_root = (joints_cam[_FACE] - posed.translation[index]) @ root
        moved = carried_by_head(from_root, body, turned, bones) @ root.T
        joints_cam[_FACE] = moved + posed.translation[index]
        place = posed.translation[index]
        parameters = body_params(self.config.rig, root, place, fused, phenotypes)
        return replace(parameters, facial_actions=details.face.actions), joints_cam


def best_look(energies: FloatArray) -> int:
    """Which of N looks to believe, by energies (N,): the first, or one explained far better."""
    best = int(np.argmin(energies))
    return best if energies[best] < _FAR_BETTER * energies[0] else 0


def best_rows(energies: FloatArray, people: Sequence[PersonLandmarks]) -> list[int]:
    """Where in a batch of `evidence_of`, with energies (B,), the looks are that are believed."""
    return [
        start + best_look(energies[start : start + len(person.hypotheses)])
        for start, person in zip(_starts(people), people, strict=True)
    ]


def _starts(people: Sequence[PersonLandmarks]) -> list[int]:
    """Where in a batch of `evidence_of` the looks at each person begin."""
    counts = [0, *(len(person.hypotheses) for person in people)]
    return np.cumsum(counts)[:-1].tolist()


def confidence_of(seen: PersonLandmarks) -> FloatArray:
    """(33,) 0…1, how sure it is where each landmark is."""
    return np.minimum(seen.pose.visibility, 1) * seen.support[0]


def keypoints_of(joints_cam: FloatArray, confidence: FloatArray, camera: Camera) -> Keypoints:
    """COCO joints (17, 3) in the camera frame and in the photo, by confidences (33,)."""
    return Keypoints(camera.project(joints_cam), joints_cam, confidence[list(COCO_FROM_POSE)])


def joint_confidence_of(bones: Sequence[str], confidence: FloatArray) -> dict[str, float]:
    """By bone, the least confidence among its landmarks."""
    return {bone: float(confidence[_places_of(bone)].min(initial=1.0)) for bone in bones}


@cache
def _places_of(bone: str) -> list[int]:
    """Where the landmarks are that a bone depends on."""
    return list(indices(POSE_LANDMARKS, landmarks_of_bone(bone)))
