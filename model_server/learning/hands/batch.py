# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples as tensors, more of them than were rendered, and the truth in their virtual cameras."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import torch
from torch import Tensor

from model_server.learning.hands.articulation import angles_of
from model_server.learning.hands.evidence import Detection, Evidence, see
from model_server.learning.hands.hand_model import HandModel
from model_server.learning.hands.state import Posed, posed
from model_server.learning.hands.store import HandSamples
from model_server.learning.network.state import project

_BENT_BY: Final = 0.2  # radians, standard deviation of what is imagined
_TURNED_BY: Final = 0.15
_JITTER: Final = 0.015  # of the hand's extent
_BEGINNINGS: Final = slice(1, None, 4)


@dataclass(frozen=True)
class Hands:
    """N left (or mirrored) hands; frames as in `HandSamples`."""

    detection: Detection
    angles: Tensor  # (N, 22)
    palm: Tensor  # (N, 3, 3) cam_from_palm
    points_cam: Tensor  # (N, 21, 3) metres

    def __len__(self) -> int:
        return len(self.angles)

    def __getitem__(self, rows: Tensor | slice) -> Hands:
        return Hands(
            self.detection[rows], self.angles[rows], self.palm[rows], self.points_cam[rows]
        )

    @property
    def palm_m(self) -> Tensor:
        """(N,) sizes: how far the fingers begin from the wrist."""
        from_wrist = self.points_cam[:, _BEGINNINGS] - self.points_cam[:, :1]
        return from_wrist.square().sum(2).mean(1).sqrt()


def hands_of(samples: HandSamples) -> Hands:
    def tensor(name: str) -> Tensor:
        return torch.from_numpy(getattr(samples, name)).float()

    detection = Detection(*(tensor(field.name) for field in fields(Detection)))
    angles = torch.from_numpy(angles_of(samples.fingers)).float()
    return Hands(detection, angles, tensor("palm"), tensor("points_cam"))


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


def rolled(hands: Hands, angle: Tensor) -> Hands:
    """The same hands seen by a camera rolled by angle (N,): the detector aligns its crop, so its
    answer turns along.
    """
    cosine, sine, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    rows = (cosine, -sine, zero, sine, cosine, zero, zero, zero, zero + 1)
    roll = torch.stack(rows, 1).unflatten(1, (3, 3))
    back = roll.transpose(-1, -2)
    seen = hands.detection
    centre = seen.center_px[:, None]
    px = (seen.landmarks_px - centre) @ back[:, :2, :2] + centre
    detection = Detection(px, seen.world @ back, seen.confidence, seen.focal_px, seen.center_px)
    return Hands(detection, hands.angles, roll @ hands.palm, hands.points_cam @ back)


def jittered(hands: Hands, generator: torch.Generator) -> Hands:
    """Landmarks moved a little; the detector's own errors are in the samples already."""
    seen = hands.detection
    extent = seen.landmarks_px.std(1, keepdim=True).mean(2, keepdim=True)
    noise = torch.randn(seen.landmarks_px.shape, generator=generator) * _JITTER * extent
    moved = Detection(**{**vars(seen), "landmarks_px": seen.landmarks_px + noise})
    return Hands(moved, hands.angles, hands.palm, hands.points_cam)


@torch.no_grad()
def imagined(hands: Hands, model: HandModel, generator: torch.Generator) -> Hands:
    """Neighbours of rendered hands: bent and turned a little otherwise, with the same errors of the
    detector. Rendering and detecting is slow, posing is fast.
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
    world = seen.world + change @ see(seen).cam_from_virtual
    detection = Detection(
        seen.landmarks_px + moved, world, seen.confidence, seen.focal_px, seen.center_px
    )
    return Hands(detection, angles, palm, hands.points_cam + ends - old_ends)


def turn_of(rotvec: Tensor) -> Tensor:
    """Axis times angle (N, 3) to rotations (N, 3, 3)."""
    x, y, z = rotvec.unbind(1)
    zero = torch.zeros_like(x)
    across = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).unflatten(1, (3, 3))
    return torch.linalg.matrix_exp(across)


def concatenated(one: Hands, two: Hands) -> Hands:
    """Both groups, one after the other."""
    seen = {
        name: torch.cat([value, getattr(two.detection, name)])
        for name, value in vars(one.detection).items()
    }
    return Hands(
        Detection(**seen),
        torch.cat([one.angles, two.angles]),
        torch.cat([one.palm, two.palm]),
        torch.cat([one.points_cam, two.points_cam]),
    )


def augmented(hands: Hands, share: float, model: HandModel, generator: torch.Generator) -> Hands:
    """A batch and `share` times as many imagined neighbours of it, all rolled anyhow."""
    more = imagined(hands[: round(share * len(hands))], model, generator)
    both = jittered(concatenated(hands, more), generator)
    angle = (torch.rand(len(both), generator=generator) * 2 - 1) * torch.pi
    gentle = torch.randn(len(both), generator=generator) * 0.3
    anyhow = torch.rand(len(both), generator=generator) < 0.5
    return rolled(both, torch.where(anyhow, angle, gentle))
