# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips as they go over the wire (docs/protocol.md)."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from model_server.camera import Camera, GivenFocal
from model_server.clips.estimator import ClipOptions, PosedFrame
from model_server.clips.recording import Tracked
from model_server.clips.source import ClipInfo, Problem
from model_server.clips.timeline import Wanted
from model_server.wire import Parameters, box_numbers, parameters_answer, shares

_MOST_FRAMES = 1_000_000

Positive = Annotated[FiniteFloat, Field(gt=0)]


class ClipQuestion(BaseModel):
    """What somebody wants of a clip."""

    model_config = ConfigDict(extra="forbid")

    fps: Annotated[FiniteFloat, Field(ge=1, le=250)] | None = None
    first: int | None = None
    last: int | None = None
    step: int = Field(1, ge=1)
    max_people: int = Field(4, ge=1, le=8)
    focal_px: Positive | None = None
    focal_35mm: Positive | None = None
    hands: bool = True
    face: bool = True
    frames: list[int] | None = Field(None, min_length=1, max_length=_MOST_FRAMES)

    def wanted(self) -> Wanted:
        return Wanted(self.fps, self.first, self.last, self.step)

    def options(self) -> ClipOptions:
        focal = GivenFocal(px=self.focal_px, mm_35=self.focal_35mm)
        return ClipOptions(self.max_people, focal, self.hands, self.face)


class ClipAnswer(BaseModel):
    id: str


class TrackedAnswer(BaseModel):
    track: int
    box: tuple[float, float, float, float]
    confidence: float
    parameters: Parameters
    joint_confidence: dict[str, float]


class FrameEvent(BaseModel):
    frame: int
    people: list[TrackedAnswer]


def opened_event(info: ClipInfo, camera: Camera) -> dict[str, Any]:
    return {
        "frames": info.frames,
        "fps": info.fps,
        "width": info.width,
        "height": info.height,
        "focal_px": camera.focal_px,
        "center_px": camera.center_px,
    }


def frame_event(frame: PosedFrame) -> str:
    people = [_tracked(tracked) for tracked in frame.people]
    return FrameEvent(frame=frame.number, people=people).model_dump_json()


def problem_event(problem: Problem) -> dict[str, Any]:
    error = problem.error
    told = {"code": error.code, "message": error.message, "remedy": error.remedy}
    return {"frame": problem.frame, **told}


def _tracked(tracked: Tracked) -> TrackedAnswer:
    person = tracked.person
    return TrackedAnswer(
        track=tracked.track,
        box=box_numbers(person.box),
        confidence=shares({"": person.confidence})[""],
        parameters=parameters_answer(person.parameters),
        joint_confidence=shares(person.joint_confidence),
    )
