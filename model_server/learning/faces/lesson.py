# SPDX-License-Identifier: GPL-3.0-or-later
"""What the encoder of faces is taught: where the points of the face are, and through its features
what the face does and how the head is turned.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from model_server.detail_crop import face_square
from model_server.learning.body.rotations import six_from_matrix
from model_server.learning.details.crops import (
    DetailCrops,
    DetailPictures,
    cut_pictures,
    mirrored,
    mirrored_places,
)
from model_server.learning.details.view import rolled_with
from model_server.learning.encoder.crop_encoder import CropContents, Encoded
from model_server.learning.encoder.heat import heat_terms
from model_server.learning.faces.anatomy import Anatomy, seen_points
from model_server.learning.faces.batch import Faces, Sides, faces_of, places_px, sides_of
from model_server.learning.faces.evidence import see
from model_server.learning.faces.face_model import FaceModel
from model_server.learning.faces.network import ACTIONS
from model_server.learning.faces.points import POINTS
from model_server.learning.faces.sculpt import load_sculpt
from model_server.learning.faces.store import FaceSamples
from model_server.learning.rendering.body_arrays import BodyArrays, load_body_arrays
from model_server.learning.samples.picture_files import read_column
from model_server.learning.shards import joined, read_shard

GUESS: Final = (6, ACTIONS)  # head as 6D, logits of the actions
CONTENTS: Final = CropContents(channels=3, landmarks=len(POINTS), classes=0, guess=sum(GUESS))
_FLIP: Final = torch.tensor([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class FaceAnswers:
    """What is true of B crops."""

    places: Tensor  # (B, P, 2) in crop sides
    head: Tensor  # (B, 3, 3) the crop's axes from the head's rest axes
    actions: Tensor  # (B, A) 0…1


@dataclass(frozen=True)
class FaceLesson:
    pictures: DetailPictures
    head: Tensor  # (N, 3, 3) in upright crops
    actions: Tensor  # (N, A)
    sides: Sides

    contents = CONTENTS

    @property
    def mirror(self) -> list[int]:
        return self.sides.points

    def drawn(
        self, rows: np.ndarray, rng: np.random.Generator | None
    ) -> tuple[DetailCrops, FaceAnswers]:
        cuts = cut_pictures(self.pictures, rows, rng)
        across = torch.stack([cuts.roll.cos(), cuts.roll.sin()], 1)
        head = rolled_with(across).transpose(1, 2) @ self.head[rows]
        answers = FaceAnswers(cuts.places, head, self.actions[rows])
        if rng is not None and rng.random() < 0.5:
            return mirrored(cuts.crops, self.mirror), in_mirror(answers, self.sides)
        return cuts.crops, answers

    def terms(self, encoded: Encoded, answers: FaceAnswers) -> dict[str, Tensor]:
        head, actions = encoded.guess.split(list(GUESS), 1)
        return {
            **heat_terms(encoded.heat, answers.places),
            "turn": (head - six_from_matrix(answers.head)).abs().mean(),
            # Cross entropy, since a distance is content with resting faces.
            "actions": binary_cross_entropy_with_logits(actions, answers.actions),
        }


def in_mirror(answers: FaceAnswers, sides: Sides) -> FaceAnswers:
    """The answers to mirrored crops."""
    return FaceAnswers(
        mirrored_places(answers.places, sides.points),
        answers.head * _FLIP[:, None] * _FLIP,
        answers.actions[:, sides.actions],
    )


@torch.no_grad()
def load(paths: list[Path]) -> FaceLesson:
    """Shards that have pictures."""
    body, anatomy = made_of()
    samples = joined([read_shard(FaceSamples, path) for path in paths])
    jpegs = [jpeg for path in paths for jpeg in read_column("image", path)]
    faces = faces_of(samples, anatomy, body)
    model = FaceModel(1, ACTIONS)
    model.learn(faces.resting, anatomy)
    sides = sides_of(anatomy, [str(name) for name in body.facial_action_names])
    return lesson_of(samples, jpegs, faces, model, sides)


@cache
def made_of() -> tuple[BodyArrays, Anatomy]:
    """What faces are made of; slow to read."""
    body = load_body_arrays()
    return body, seen_points(body, load_sculpt(len(body.template_vertices)))


def lesson_of(
    samples: FaceSamples, jpegs: list[np.ndarray], faces: Faces, model: FaceModel, sides: Sides
) -> FaceLesson:
    pictures = DetailPictures(
        jpegs,
        np.stack([face_square(px) for px in samples.landmarks_px]),
        samples.landmarks_px[:, list(POINTS)],
        places_px(faces, model).numpy(),
    )
    head = see(faces.detection).cam_from_virtual.transpose(1, 2) @ faces.rotation
    return FaceLesson(pictures, head, faces.actions, sides)
