# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples as tensors, more of them than were rendered, and the truth in their virtual cameras."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from model_server.learning.details.looks import LOOKS, read_looks
from model_server.learning.details.reading import DetailReading, nothing_read, unread
from model_server.learning.hands.articulation import angles_of
from model_server.learning.hands.evidence import Detection, Evidence, see, straight_at
from model_server.learning.hands.hand_model import HandModel
from model_server.learning.hands.state import Posed, posed
from model_server.learning.hands.store import HandSamples, shard_paths
from model_server.learning.network.state import project
from model_server.learning.shards import read_shard
from model_server.learning.tensors import joined

_BENT_BY: Final = 0.2  # radians, standard deviation of what is imagined
_TURNED_BY: Final = 0.15
_JITTER: Final = 0.015  # of the hand's extent
_UNREAD: Final = 0.15  # of the pictures are kept from the network, which must do without them too
_BEGINNINGS: Final = slice(1, None, 4)


@dataclass(frozen=True)
class Hands:
    """N left (or mirrored) hands; frames as in `HandSamples`."""

    detection: Detection
    reading: DetailReading  # of the picture
    angles: Tensor  # (N, 22)
    palm: Tensor  # (N, 3, 3) cam_from_palm
    points_cam: Tensor  # (N, 21, 3) metres

    def __len__(self) -> int:
        return len(self.angles)

    def __getitem__(self, rows: Tensor | slice) -> Hands:
        return Hands(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def palm_m(self) -> Tensor:
        """(N,) sizes: how far the fingers begin from the wrist."""
        from_wrist = self.points_cam[:, _BEGINNINGS] - self.points_cam[:, :1]
        return from_wrist.square().sum(2).mean(1).sqrt()


def hands_of(samples: HandSamples) -> Hands:
    """Samples as hands whose pictures nobody has read."""

    def tensor(name: str) -> Tensor:
        return torch.from_numpy(getattr(samples, name)).float()

    detection = Detection(*(tensor(field.name) for field in fields(Detection)))
    angles = torch.from_numpy(angles_of(samples.fingers)).float()
    reading = nothing_read(detection.landmarks_px)
    return Hands(detection, reading, angles, tensor("palm"), tensor("points_cam"))


def read_hands(folder: Path) -> list[Hands]:
    """All hands of a folder, once for every look at their pictures."""
    paths = shard_paths(folder)
    groups = [hands_of(read_shard(HandSamples, path)) for path in paths]
    looks = [
        read_looks(path, hands.detection.landmarks_px)
        for path, hands in zip(paths, groups, strict=True)
    ]
    readings = [joined([of_shard[look].reading for of_shard in looks]) for look in range(LOOKS)]
    hands = joined(groups)
    return [replace(hands, reading=reading) for reading in readings]


def evidence_of(hands: Hands) -> Evidence:
    return see(hands.detection, hands.reading)


def landmarks_cam(hands: Hands, model: HandModel) -> Tensor:
    """Where what the detector means (N, 21, 3) is in the camera, metres."""
    _, landmarks = model(model.fingers(hands.angles), hands.palm)
    return hands.points_cam[:, :1] + hands.palm_m[:, None, None] * landmarks


def truth_of(hands: Hands, evidence: Evidence, model: HandModel) -> Posed:
    """What a perfect network would say; its joints are the true ones of the person's own shape."""
    virtual_from_cam = evidence.cam_from_virtual.transpose(-1, -2)
    palm = virtual_from_cam @ hands.palm
    size = hands.palm_m[:, None, None]
    ends = hands.points_cam @ evidence.cam_from_virtual / size
    _, landmarks = model(model.fingers(hands.angles), palm)
    middle = ends[:, 0] + landmarks.mean(1)
    truth = posed(hands.angles, palm, middle, evidence, model)
    values = {**vars(truth), "joints": ends - ends[:, :1]}
    return Posed(**values)


def jittered(hands: Hands, generator: torch.Generator) -> Hands:
    """Landmarks moved a little; the detector's own errors are in the samples already."""
    seen = hands.detection
    extent = seen.landmarks_px.std(1, keepdim=True).mean(2, keepdim=True)
    noise = torch.randn(seen.landmarks_px.shape, generator=generator) * _JITTER * extent
    return replace(hands, detection=replace(seen, landmarks_px=seen.landmarks_px + noise))


@torch.no_grad()
def imagined(hands: Hands, model: HandModel, generator: torch.Generator) -> Hands:
    """Neighbours of rendered hands: bent and turned a little otherwise, with the same errors of the
    detector. Rendering and detecting is slow, posing is fast. Nobody has a picture of them.
    """
    count = len(hands)

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator)

    angles = hands.angles + _BENT_BY * normal(1).abs() * normal(hands.angles.shape[1])
    angles = torch.minimum(torch.maximum(angles, model.low), model.high)
    palm = turn_of(_TURNED_BY * normal(3)) @ hands.palm
    size, wrist = hands.palm_m[:, None, None], hands.points_cam[:, :1]
    old_ends, old = (size * part for part in model(model.fingers(hands.angles), hands.palm))
    ends, new = (size * part for part in model(model.fingers(angles), palm))
    seen = hands.detection
    focal = seen.focal_px[:, None, None]
    moved = focal * (project(new + wrist) - project(old + wrist))
    change = (new - new.mean(1, keepdim=True)) - (old - old.mean(1, keepdim=True))
    world = seen.world + change @ straight_at(seen)
    detection = replace(seen, landmarks_px=seen.landmarks_px + moved, world=world)
    others = Hands(detection, hands.reading, angles, palm, hands.points_cam + ends - old_ends)
    return without_reading(others, torch.ones(count, dtype=torch.bool))


def without_reading(hands: Hands, which: Tensor) -> Hands:
    """The same hands, but some (N,) are those of pictures that nobody has read."""
    return replace(hands, reading=unread(hands.reading, which))


def turn_of(rotvec: Tensor) -> Tensor:
    """Axis times angle (N, 3) to rotations (N, 3, 3)."""
    x, y, z = rotvec.unbind(1)
    zero = torch.zeros_like(x)
    across = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).unflatten(1, (3, 3))
    return torch.linalg.matrix_exp(across)


def augmented(hands: Hands, share: float, model: HandModel, generator: torch.Generator) -> Hands:
    """A batch, some of its pictures not read, and `share` times as many imagined neighbours of it.
    How it is rolled makes no difference to the evidence.
    """
    more = imagined(hands[: round(share * len(hands))], model, generator)
    kept = without_reading(hands, torch.rand(len(hands), generator=generator) < _UNREAD)
    return jittered(joined([kept, more]), generator)
