# SPDX-License-Identifier: GPL-3.0-or-later
"""Face samples as tensors, their mirror images, and the same pictures of somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from model_server.learning.details.looks import LOOKS, read_looks
from model_server.learning.details.reading import DetailReading, nothing_read, unread
from model_server.learning.faces.anatomy import Anatomy, coefficients_of
from model_server.learning.faces.evidence import FaceDetection, FaceEvidence, see
from model_server.learning.faces.face_model import FaceModel
from model_server.learning.faces.learn_points import mirrors
from model_server.learning.faces.network import place_of
from model_server.learning.faces.points import POINTS
from model_server.learning.faces.store import FaceSamples, shard_paths
from model_server.learning.network.state import project
from model_server.learning.rendering.body_arrays import BodyArrays
from model_server.learning.shards import read_shard
from model_server.learning.tensors import joined

STRANGENESS: Final = 1.4  # how far augmentation goes towards another face, and beyond
OTHERS: Final = 0.7  # share of faces that become somebody else's
NUDGE: Final = 0.1  # of actions
CLEAREST: Final = 0.25  # of the detector's error, what is left of it at least
NOISE: Final = 0.004  # of the face's size, at most
UNREAD: Final = 0.3  # of the pictures are kept from the network, which must do without them too


@dataclass(frozen=True)
class Faces:
    """Samples as tensors, frames as in `FaceSamples`."""

    detection: FaceDetection
    reading: DetailReading  # of the picture
    mirror_reading: DetailReading  # of the mirrored picture, brought back into the picture
    actions: Tensor  # (N, A)
    resting: Tensor  # (N, P, 3) the resting face, rest axes
    rotation: Tensor  # (N, 3, 3)
    translation: Tensor  # (N, 3)

    def __len__(self) -> int:
        return len(self.actions)

    def __getitem__(self, rows: Tensor | slice) -> Faces:
        return Faces(*(getattr(self, field.name)[rows] for field in fields(self)))


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
    """Samples as faces whose pictures nobody has read."""
    resting = anatomy.neutral(coefficients_of(body, samples.phenotypes), samples.sculpt)
    rows = list(POINTS)
    seen = (samples.landmarks_px[:, rows], samples.depth[:, rows])
    detection = FaceDetection(*map(_tensor, (*seen, samples.focal_px, samples.center_px)))
    truth = (samples.actions, resting, samples.rotation, samples.translation)
    reading = nothing_read(detection.landmarks_px)
    return Faces(detection, reading, reading, *map(_tensor, truth))


def read_faces(folder: Path, anatomy: Anatomy, body: BodyArrays) -> list[Faces]:
    """All faces of a folder, once for every look at their pictures."""
    paths = shard_paths(folder)
    groups = [faces_of(read_shard(FaceSamples, path), anatomy, body) for path in paths]
    looks = [
        read_looks(path, faces.detection.landmarks_px)
        for path, faces in zip(paths, groups, strict=True)
    ]
    read = [joined([of_shard[look] for of_shard in looks]) for look in range(LOOKS)]
    faces = joined(groups)
    return [replace(faces, reading=look.reading, mirror_reading=look.mirror) for look in read]


def evidence_of(faces: Faces) -> FaceEvidence:
    return see(faces.detection, faces.reading)


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

    def flipped(px: Tensor) -> Tensor:
        px = px[:, sides.points]
        return torch.stack([2 * seen.center_px[:, None, 0] - px[..., 0], px[..., 1]], 2)

    def turned(reading: DetailReading) -> DetailReading:
        trust = reading.heat_trust[:, sides.points]
        return replace(reading, heat_px=flipped(reading.heat_px), heat_trust=trust)

    px, depth = flipped(seen.landmarks_px), seen.depth[:, sides.points]
    return Faces(
        replace(seen, landmarks_px=px, depth=depth),
        turned(faces.mirror_reading),
        turned(faces.reading),
        faces.actions[:, sides.actions],
        faces.resting[:, sides.points] * flip,
        faces.rotation * flip[:, None] * flip,
        faces.translation * flip,
    )


def imagined(
    faces: Faces, expressions: Tensor, model: FaceModel, generator: torch.Generator
) -> Faces:
    """New faces with the given expressions (M, A), each in the picture of the face that does most
    alike; so the detector's errors still fit the expression roughly. Nobody has read such pictures.
    """
    shown = model.shown()
    donors = torch.cdist(expressions * shown, faces.actions * shown).argmin(1)
    others = of_others(faces[donors], expressions, model, generator)
    return without_reading(others, torch.ones(len(others), dtype=torch.bool))


def nudged(faces: Faces, model: FaceModel, generator: torch.Generator) -> Faces:
    """The same pictures of other people, who do a little more or less of the same; some of the
    pictures are not read.
    """
    nudge = NUDGE * torch.randn(faces.actions.shape, generator=generator)
    actions = torch.where(faces.actions > 0, faces.actions + nudge, faces.actions).clamp(0, 1)
    others = of_others(faces, actions, model, generator)
    return without_reading(others, torch.rand(len(others), generator=generator) < UNREAD)


def without_reading(faces: Faces, which: Tensor) -> Faces:
    """The same faces, but some (N,) are those of pictures that nobody has read."""
    return replace(
        faces,
        reading=unread(faces.reading, which),
        mirror_reading=unread(faces.mirror_reading, which),
    )


def of_others(faces: Faces, actions: Tensor, model: FaceModel, generator: torch.Generator) -> Faces:
    """The same pictures, had they been of other people who do `actions` (N, A). The detector's
    errors stay, or shrink as in clearer pictures: renders are harder to read than most photos. The
    encoder's errors stay. So the network meets far more faces than were rendered.
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
    moved = {
        name: replace(reading, heat_px=reading.heat_px + new - old)
        for name, reading in (("reading", faces.reading), ("mirror_reading", faces.mirror_reading))
    }
    return replace(faces, detection=detection, actions=actions, resting=resting, **moved)


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


def places_px(faces: Faces, model: FaceModel) -> Tensor:
    """Where what the detector means (N, P, 2) is in the picture."""
    return _in_pixels(faces, faces.resting, faces.actions, model)[0]


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
