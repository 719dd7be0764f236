# SPDX-License-Identifier: GPL-3.0-or-later
"""People as an all but perfect detector would see them, to learn what its real errors teach."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.tensors import joined
from model_server.learning.training.batch import People
from model_server.learning.training.imagine import pixels_deep, size, true_points

NOISE: Final = 0.01  # of the landmarks, in sizes of the person
NOISE_M: Final = 0.01
CHUNK: Final = 2000


@torch.no_grad()
def flawless(people: People, body: LandmarkModel, seed: int = 0) -> People:
    """The same people with their true landmarks and a little noise in place of the detector's."""
    generator = torch.Generator().manual_seed(seed)
    chunks = [people[start : start + CHUNK] for start in range(0, len(people), CHUNK)]
    return joined([_flawless(chunk, body, generator) for chunk in chunks])


def _flawless(people: People, body: LandmarkModel, generator: torch.Generator) -> People:
    seen = people.detection
    tangents, centred = true_points(people.rotations, people.phenotypes, people.translation, body)
    px = tangents * seen.focal_px[:, None, None] + seen.center_px[:, None]
    noise_px = NOISE * size(px)[:, None, None] * torch.randn(px.shape, generator=generator)
    world = centred + NOISE_M * torch.randn(centred.shape, generator=generator)
    depth = pixels_deep(world, people.translation, seen.focal_px)
    detection = replace(seen, landmarks_px=px + noise_px, world=world, depth=depth)
    return replace(people, detection=detection)
