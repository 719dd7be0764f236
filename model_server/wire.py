# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes over the wire: the answers of docs/protocol.md, and how an Estimate becomes one."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel

from model_server import __version__
from model_server.arrays import FloatArray, RGBAArray
from model_server.body_params import BodyParams
from model_server.camera import FocalSource
from model_server.correction import hypotheses_of
from model_server.crops import Box
from model_server.errors import HundError
from model_server.estimate import Estimate, Keypoints, Person
from model_server.landmark_names import COCO_JOINTS, POSE_LANDMARKS
from model_server.landmarks import FaceLandmarks, HandLandmarks, PersonLandmarks, PoseLandmarks
from model_server.smplx.parameters import SmplxParams, SmplxTerms

_PX_DIGITS = 2
_METRE_DIGITS = 5
_SHARE_DIGITS = 4
_SMPLX_DIGITS = 6

Point2 = tuple[float, float]
Point3 = tuple[float, float, float]


class GpuMemory(BaseModel):
    name: str
    memory_mb: int
    free_mb: int


class Health(BaseModel):
    version: str
    ready: bool
    device: Literal["cpu", "cuda"]
    providers: list[str]
    why_cpu: str | None
    gpu: GpuMemory | None
    detector: str | None
    rigs: list[str]
    uptime_s: float
    memory_mb: int | None


class ErrorDetail(BaseModel):
    code: str
    message: str
    remedy: str


class ErrorAnswer(BaseModel):
    detail: ErrorDetail


class ImageInfo(BaseModel):
    width: int
    height: int
    focal_px: float
    focal_source: FocalSource
    center_px: Point2
    as_stored: bool


class Thumbnail(BaseModel):
    side: int
    rgba: str  # base64 of side × side × 4 bytes, first row on top


class Keypoint(BaseModel):
    px: Point2
    cam: Point3
    confidence: float


class PoseSeen(BaseModel):
    names: list[str]
    px: list[Point2]
    visibility: list[float]
    world: list[Point3]


class HandSeen(BaseModel):
    px: list[Point2]
    world: list[Point3]
    confidence: float


class FaceSeen(BaseModel):
    px: list[Point2]


class LandmarksSeen(BaseModel):
    pose: PoseSeen
    left_hand: HandSeen | None
    right_hand: HandSeen | None
    face: FaceSeen | None


class Parameters(BaseModel):
    rig: str
    root: tuple[float, float, float, float]
    translation: Point3
    rotations: dict[str, tuple[float, float, float, float]]
    phenotypes: dict[str, float]
    facial_actions: dict[str, float]


class SmplxAnswer(BaseModel):
    """As the arguments of the `smplx` package's model, hands flat at zero; radians and metres."""

    betas: list[float]
    global_orient: Point3
    body_pose: list[Point3]
    left_hand_pose: list[Point3]
    right_hand_pose: list[Point3]
    jaw_pose: Point3
    leye_pose: Point3
    reye_pose: Point3
    expression: list[float]
    transl: Point3


class PersonAnswer(BaseModel):
    box: tuple[float, float, float, float]
    confidence: float
    hypotheses: int
    keypoints: dict[str, Keypoint]
    landmarks: LandmarksSeen
    joint_confidence: dict[str, float]
    parameters: Parameters
    thumbnail: Thumbnail | None = None
    smplx: SmplxAnswer | None = None


class EstimateAnswer(BaseModel):
    version: str
    id: str
    image: ImageInfo
    people: list[PersonAnswer]
    timings_ms: dict[str, float]


def error_answer(error: HundError) -> ErrorAnswer:
    return ErrorAnswer(
        detail=ErrorDetail(code=error.code, message=error.message, remedy=error.remedy)
    )


def estimate_answer(
    estimate: Estimate, *, thumbnails: bool = False, smplx: SmplxTerms | None = None
) -> EstimateAnswer:
    """With what SMPL-X says of the people, where its terms are given."""
    camera = estimate.camera
    people = [person_answer(person, person) for person in estimate.people]
    if smplx is not None:
        for answer, person in zip(people, estimate.people, strict=True):
            answer.smplx = _smplx(smplx.of(person.parameters))
    if thumbnails:
        for person, pixels in zip(people, estimate.thumbnails, strict=True):
            person.thumbnail = _thumbnail(pixels)
    return EstimateAnswer(
        version=__version__,
        id=estimate.id,
        image=ImageInfo(
            width=estimate.width,
            height=estimate.height,
            focal_px=round(camera.focal_px, _PX_DIGITS),
            focal_source=camera.source,
            center_px=camera.center_px,
            as_stored=estimate.as_stored,
        ),
        people=people,
        timings_ms=dict(estimate.timings_ms),
    )


def person_answer(person: Person, first: Person) -> PersonAnswer:
    """Somebody, perhaps corrected since they were seen `first`."""
    return PersonAnswer(
        box=box_numbers(person.box),
        confidence=round(person.confidence, _SHARE_DIGITS),
        hypotheses=hypotheses_of(first.landmarks),
        keypoints=_keypoints(person.keypoints),
        landmarks=_landmarks(person.landmarks),
        joint_confidence=shares(person.joint_confidence),
        parameters=parameters_answer(person.parameters),
    )


def _smplx(person: SmplxParams) -> SmplxAnswer:
    named = {name: values.round(_SMPLX_DIGITS).tolist() for name, values in person.named().items()}
    return SmplxAnswer.model_validate(named)


def _thumbnail(pixels: RGBAArray) -> Thumbnail:
    return Thumbnail(side=len(pixels), rgba=b64encode(pixels.tobytes()).decode("ascii"))


def box_numbers(box: Box) -> tuple[float, float, float, float]:
    """x, y, width, height in pixels."""
    x, y, width, height = _numbers([box.x, box.y, box.width, box.height], _PX_DIGITS)
    return x, y, width, height


def shares(values: Mapping[str, float]) -> dict[str, float]:
    """Numbers 0…1 by name."""
    return {name: round(value, _SHARE_DIGITS) for name, value in values.items()}


def _keypoints(keypoints: Keypoints) -> dict[str, Keypoint]:
    px, cam = _points2(keypoints.px), _points3(keypoints.cam)
    confidence = _numbers(keypoints.confidence, _SHARE_DIGITS)
    rows = zip(COCO_JOINTS, px, cam, confidence, strict=True)
    return {name: Keypoint(px=p, cam=c, confidence=sure) for name, p, c, sure in rows}


def _landmarks(person: PersonLandmarks) -> LandmarksSeen:
    return LandmarksSeen(
        pose=_pose(person.pose),
        left_hand=_hand(person.left_hand),
        right_hand=_hand(person.right_hand),
        face=_face(person.face),
    )


def _pose(pose: PoseLandmarks) -> PoseSeen:
    return PoseSeen(
        names=list(POSE_LANDMARKS),
        px=_points2(pose.landmarks_px),
        visibility=_numbers(pose.visibility, _SHARE_DIGITS),
        world=_points3(pose.world_m),
    )


def _hand(hand: HandLandmarks | None) -> HandSeen | None:
    if hand is None:
        return None
    px, world = _points2(hand.landmarks_px), _points3(hand.world_m)
    return HandSeen(px=px, world=world, confidence=round(hand.confidence, _SHARE_DIGITS))


def _face(face: FaceLandmarks | None) -> FaceSeen | None:
    return None if face is None else FaceSeen(px=_points2(face.landmarks_px))


def parameters_answer(body: BodyParams) -> Parameters:
    return Parameters(
        rig=body.rig,
        root=body.root,
        translation=body.translation,
        rotations=dict(body.rotations),
        phenotypes=dict(body.phenotypes),
        facial_actions=dict(body.facial_actions),
    )


def _numbers(values: FloatArray | Sequence[float], digits: int) -> list[float]:
    return [float(value) for value in np.round(np.asarray(values, np.float64), digits)]


def _points2(points: FloatArray) -> list[Point2]:
    """(N, 2) pixels."""
    return [(float(x), float(y)) for x, y in np.round(points.astype(np.float64), _PX_DIGITS)]


def _points3(points: FloatArray) -> list[Point3]:
    """(N, 3) metres."""
    rounded = np.round(points.astype(np.float64), _METRE_DIGITS)
    return [(float(x), float(y), float(z)) for x, y, z in rounded]
