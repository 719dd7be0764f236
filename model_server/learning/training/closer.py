# SPDX-License-Identifier: GPL-3.0-or-later
"""What people gain by closer looks: networks of faces and hands tell how heads and wrists turn, and
an artist puts landmarks where they belong. Drawn from the truth, as wrong as those networks are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from model_server.landmark_names import POSE_LANDMARKS, indices
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.rotations import turn_about
from model_server.learning.network.evidence import CERTAIN, ENDS
from model_server.learning.network.state import END_BONES, LANDMARKS, project
from model_server.learning.samples.people import LEVEL_CAM_FROM_BODY
from model_server.learning.training.batch import People

LOOKED: Final = 0.5  # of the people somebody has looked at closely
FOUND: Final = 0.8  # of their ends that can be seen were found
ERROR: Final = (0.10, 0.20, 0.20)  # radians, of the turns of `ENDS` where they are fully trusted
CONFUSED: Final = 0.15  # of the turns are anything
PHANTOM: Final = 0.15  # of the heads turned away are taken for faces that look at the camera,
PHANTOM_SPREAD: Final = 0.4  # roughly, in radians
CORRECTED: Final = 0.1  # of the people an artist has corrected,
PINS: Final = 0.12  # by so many of their landmarks,
SLIP: Final = 0.01  # this exactly, in sizes of the person
_FACE_FORWARD: Final = (0.0, -1.0, 0.0)  # of the head in the reference pose
_LEAST_FACING: Final = 0.1  # cosine; faces turned away farther are not found
_WRISTS: Final = list(indices(POSE_LANDMARKS, ["left_wrist", "right_wrist"]))
_LEAST_VISIBLE: Final = 0.3  # of a wrist whose hand is looked for


@torch.no_grad()
def looked_closer(people: People, body: LandmarkModel, generator: torch.Generator) -> People:
    """The people, some of whom were looked at closely and some corrected."""
    return corrected(turned_ends(people, body, generator), body, generator)


def turned_ends(people: People, body: LandmarkModel, generator: torch.Generator) -> People:
    """The people with the turns of their heads and wrists where these may have been seen."""
    count = len(people)
    true = body.world(people.rotations)[:, END_BONES]

    def chance(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator)

    trust = 0.3 + 0.7 * chance(len(ENDS))
    error = torch.randn(count, len(ENDS), generator=generator) * torch.tensor(ERROR) / trust
    error = torch.where(chance(len(ENDS)) < CONFUSED, torch.pi * (2 * chance(len(ENDS)) - 1), error)
    axis = normalize(torch.randn(count, len(ENDS), 3, generator=generator), dim=2)
    seen = turn_about(axis, error) @ true
    in_view = ends_in_view(people, true)
    phantom = ~in_view[:, 0] & (chance(1)[:, 0] < PHANTOM)
    spread = PHANTOM_SPREAD * torch.randn(count, generator=generator)
    towards = turn_about(axis[:, 0], spread) @ torch.from_numpy(LEVEL_CAM_FROM_BODY).float()
    seen[:, 0] = torch.where(phantom[:, None, None], towards, seen[:, 0])
    in_view[:, 0] |= phantom
    found = (chance(1) < LOOKED) & (chance(len(ENDS)) < FOUND) & in_view
    ends = torch.where(found[..., None, None], seen, torch.eye(3))
    return replace(people, detection=replace(people.detection, ends=ends, ends_trust=trust * found))


def ends_in_view(people: People, ends: Tensor) -> Tensor:
    """Which (N, 3) of the ends, turned as given (N, 3, 3, 3), closer looks could find."""
    towards = -normalize(people.translation, dim=1)
    facing = ((ends[:, 0] @ ends.new_tensor(_FACE_FORWARD)) * towards).sum(1)
    wrists = people.detection.visibility[:, _WRISTS] > _LEAST_VISIBLE
    return torch.cat([facing[:, None] > _LEAST_FACING, wrists], 1)


def corrected(people: People, body: LandmarkModel, generator: torch.Generator) -> People:
    """The people, some with some landmarks where they truly are."""
    who = torch.rand(len(people), generator=generator) < CORRECTED
    if not who.any():
        return people
    some, seen = people[who], people.detection
    landmarks = body(some.phenotypes, some.rotations)[0][:, :LANDMARKS]
    tangents = project(landmarks + some.translation[:, None])
    px = tangents * some.detection.focal_px[:, None, None] + some.detection.center_px[:, None]
    size = (px.amax(1) - px.amin(1)).amax(1)[:, None, None]
    px = px + SLIP * size * torch.randn(px.shape, generator=generator)
    pinned = torch.rand(px.shape[:2], generator=generator) < PINS
    landmarks_px, visibility = seen.landmarks_px.clone(), seen.visibility.clone()
    landmarks_px[who] = torch.where(pinned[..., None], px, landmarks_px[who])
    visibility[who] = torch.where(pinned, CERTAIN, visibility[who])
    detection = replace(seen, landmarks_px=landmarks_px, visibility=visibility)
    return replace(people, detection=detection)
