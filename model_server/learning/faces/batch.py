# SPDX-License-Identifier: GPL-3.0-or-later
"""Face samples as tensors, their mirror images, and the same pictures of somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import torch
from torch import Tensor

from model_server.learning.faces.anatomy import Anatomy, coefficients_of
from model_server.learning.faces.evidence import FaceDetection, FaceEvidence
from model_server.learning.faces.face_model import FaceModel
from model_server.learning.faces.learn_points import mirrors
from model_server.learning.faces.network import place_of
from model_server.learning.faces.points import POINTS
from model_server.learning.faces.store import FaceSamples
from model_server.learning.network.state import project
from model_server.learning.rendering.body_arrays import BodyArrays

STRANGENESS: Final = 1.4  # how far augmentation goes towards another face, and beyond
OTHERS: Final = 0.7  # share of faces that become somebody else's
NUDGE: Final = 0.1  # of actions
CLEAREST: Final = 0.25  # of the detector's error, what is left of it at least
NOISE: Final = 0.004  # of the face's size, at most


@dataclass(frozen=True)
class Faces:
    """Samples as tensors, frames as in `FaceSamples`."""

    detection: FaceDetection
    actions: Tensor  # (N, A)
    resting: Tensor  # (N, P, 3) the resting face, rest axes
    rotation: Tensor  # (N, 3, 3)
    translation: Tensor  # (N, 3)

    def __len__(self) -> int:
        return len(self.actions)

    def __getitem__(self, rows: Tensor | slice) -> Faces:
        return Faces(*(getattr(self, field.name)[rows] for field in fields(self)))


def concatenated(one: Faces, two: Faces) -> Faces:
    """Both groups, one after the other."""
    seen = zip(vars(one.detection).values(), vars(two.detection).values(), strict=True)
    truth = [name for name in vars(one) if name != "detection"]
    return Faces(
        FaceDetection(*(torch.cat(pair) for pair in seen)),
        *(torch.cat([getattr(one, name), getattr(two, name)]) for name in truth),
    )


@dataclass(frozen=True)
class FaceTruth:
    """What a perfect network would say, in the virtual camera."""

    rotation: Tensor  # (B, 3, 3)
    actions: Tensor  # (B, A)
    identity: Tensor  # (B, I)
    place: Tensor  # (B, 3)
    points: Tensor  # (B, P, 2) divided by the extent


@dataclass(frozen=True)
class Sides:
    """What trades places in a mirror."""

    points: list[int]
    actions: list[int]


def faces_of(samples: FaceSamples, anatomy: Anatomy, body: BodyArrays) -> Faces:
    resting = anatomy.neutral(coefficients_of(body, samples.phenotypes), samples.sculpt)
    rows = list(POINTS)
    seen = (samples.landmarks_px[:, rows], samples.depth[:, rows])
    detection = FaceDetection(*map(_tensor, (*seen, samples.focal_px, samples.center_px)))
    truth = (samples.actions, resting, samples.rotation, samples.translation)
    return Faces(detection, *map(_tensor, truth))


def _tensor(values: Any) -> Tensor:
    return torch.from_numpy(values).float()


def sides_of(anatomy: Anatomy, action_names: Sequence[str]) -> Sides:
    points = mirrors(anatomy.template).tolist()
    return Sides(points, [action_names.index(other_side(name)) for name in action_names])


def other_side(action: str) -> str:
    """The same action in a mirror."""
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if action.endswith(side):
            return action.removesuffix(side) + other
    return action


def mirrored(faces: Faces, sides: Sides) -> Faces:
    """The same faces in pictures flipped left to right: exact, detector and all."""
    seen, flip = faces.detection, torch.tensor([-1.0, 1.0, 1.0])
    px = seen.landmarks_px[:, sides.points]
    px = torch.stack([2 * seen.center_px[:, None, 0] - px[..., 0], px[..., 1]], 2)
    return Faces(
        replace(seen, landmarks_px=px, depth=seen.depth[:, sides.points]),
        faces.actions[:, sides.actions],
        faces.resting[:, sides.points] * flip,
        faces.rotation * flip[:, None] * flip,
        faces.translation * flip,
    )


def imagined(
    faces: Faces, expressions: Tensor, model: FaceModel, generator: torch.Generator
) -> Faces:
    """New faces with the given expressions (M, A), each in the picture of the face that does most
    alike; so the detector's errors still fit the expression roughly.
    """
    shown = model.shown()
    donors = torch.cdist(expressions * shown, faces.actions * shown).argmin(1)
    return of_others(faces[donors], expressions, model, generator)


def nudged(faces: Faces, model: FaceModel, generator: torch.Generator) -> Faces:
    """The same pictures of other people, who do a little more or less of the same."""
    nudge = NUDGE * torch.randn(faces.actions.shape, generator=generator)
    actions = torch.where(faces.actions > 0, faces.actions + nudge, faces.actions).clamp(0, 1)
    return of_others(faces, actions, model, generator)


def of_others(faces: Faces, actions: Tensor, model: FaceModel, generator: torch.Generator) -> Faces:
    """The same pictures, had they been of other people who do `actions` (N, A). The detector's
    errors stay, or shrink as in clearer pictures: renders are harder to read than most photos. So
    the network meets far more faces than were rendered.
    """
    count = len(faces)

    def drawn(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator)

    others = faces.resting[torch.randperm(count, generator=generator)]
    share = (STRANGENESS * drawn(1, 1)) * (drawn(1, 1) < OTHERS)
    middle = faces.resting.mean(1, keepdim=True)
    change = (others - others.mean(1, keepdim=True)) - (faces.resting - middle)
    resting = faces.resting + share * change
    old, old_deep = _in_pixels(faces, faces.resting, faces.actions, model)
    new, new_deep = _in_pixels(faces, resting, actions, model)
    seen = faces.detection
    size = (seen.landmarks_px.amax(1) - seen.landmarks_px.amin(1)).amax(1)[:, None, None]
    noise = NOISE * drawn(1, 1) * size * torch.randn(new.shape, generator=generator)
    clarity = CLEAREST + (1 - CLEAREST) * drawn(1)
    detection = replace(
        seen,
        landmarks_px=new + clarity[..., None] * (seen.landmarks_px - old) + noise,
        depth=new_deep + clarity * (seen.depth - old_deep),
    )
    return replace(faces, detection=detection, actions=actions, resting=resting)


@torch.no_grad()
def clear(faces: Faces, model: FaceModel, share: float) -> Faces:
    """The share of faces whose points the detector places best; of the others, which hair, blur or
    objects hide, it only guesses.
    """
    true, _ = _in_pixels(faces, faces.resting, faces.actions, model)
    size = (true.amax(1) - true.amin(1)).amax(1)
    gap = faces.detection.landmarks_px - true
    gap = gap - gap.median(1, keepdim=True).values
    error = gap.norm(dim=2).median(1).values / size
    return faces[error <= error.quantile(share)]


def _in_pixels(
    faces: Faces, resting: Tensor, actions: Tensor, model: FaceModel
) -> tuple[Tensor, Tensor]:
    """True points (N, P, 2) in pixels, and how deep they are (N, P), as the detector scales it."""
    rest = resting + model.expression(actions)
    cam = rest @ faces.rotation.transpose(-1, -2) + faces.translation[:, None]
    focal = faces.detection.focal_px[:, None]
    px = project(cam) * focal[..., None] + faces.detection.center_px[:, None]
    deep = cam[..., 2] - cam[..., 2].mean(1, keepdim=True)
    return px, deep * focal / cam[..., 2].mean(1, keepdim=True)


def truth_of(faces: Faces, evidence: FaceEvidence, model: FaceModel) -> FaceTruth:
    virtual_from_cam = evidence.cam_from_virtual.transpose(-1, -2)
    rotation = virtual_from_cam @ faces.rotation
    identity, middle = model.identity_of(faces.resting)
    translation = (virtual_from_cam @ faces.translation[..., None]).squeeze(-1)
    rest = faces.resting + model.expression(faces.actions)
    cam = rest @ rotation.transpose(-1, -2) + translation[:, None]
    placed = translation + (rotation @ middle[..., None]).squeeze(-1)
    points = project(cam) / evidence.extent[:, None]
    place = place_of(placed, evidence.extent)
    return FaceTruth(rotation, faces.actions, identity, place, points)
