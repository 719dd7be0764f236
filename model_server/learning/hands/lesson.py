# SPDX-License-Identifier: GPL-3.0-or-later
"""What the encoder of hands is taught: where the landmarks are, which pixels show which finger, and
through its features how palm and fingers are turned.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from model_server.detail_crop import hand_square
from model_server.hands import CROP_SIZE
from model_server.learning.body.rotations import six_from_matrix
from model_server.learning.details.crops import DetailCrops, DetailPictures, cut_pictures
from model_server.learning.details.view import rolled_with
from model_server.learning.encoder.config import MAP_PX
from model_server.learning.encoder.crop_encoder import CropContents, Encoded
from model_server.learning.encoder.heat import heat_terms
from model_server.learning.hands.articulation import ANGLES
from model_server.learning.hands.batch import (
    Hands,
    evidence_of,
    hands_of,
    landmarks_cam,
    truth_of,
)
from model_server.learning.hands.hand_model import LANDMARKS, HandModel
from model_server.learning.hands.parts import PARTS, PARTS_PX
from model_server.learning.hands.store import HandSamples
from model_server.learning.network.state import project
from model_server.learning.samples.picture_files import map_of, read_column
from model_server.learning.shards import joined, read_shard
from model_server.squares import warped

GUESS: Final = (6, ANGLES, 3 * LANDMARKS)  # palm as 6D, bends as logits, joints
CONTENTS: Final = CropContents(channels=3, landmarks=LANDMARKS, classes=1 + PARTS, guess=sum(GUESS))


@dataclass(frozen=True)
class HandAnswers:
    """What is true of B crops; turns and joints in the axes of the crop."""

    places: Tensor  # (B, 21, 2) in crop sides
    parts: Tensor  # (B, M, M) int64, as `parts.shown_parts` numbers them
    palm: Tensor  # (B, 3, 3)
    bends: Tensor  # (B, 22) 0…1, angles between their limits
    joints: Tensor  # (B, 21, 3) from the wrist, palms


@dataclass(frozen=True)
class HandLesson:
    pictures: DetailPictures
    parts: list[np.ndarray]  # (P,) PNG, still encoded
    palm: Tensor  # (N, 3, 3) in upright crops, as are all that follow
    bends: Tensor  # (N, 22)
    joints: Tensor  # (N, 21, 3)

    contents = CONTENTS
    mirror = None  # right hands are mirrored to left ones, and left ones never

    def drawn(
        self, rows: np.ndarray, rng: np.random.Generator | None
    ) -> tuple[DetailCrops, HandAnswers]:
        cuts = cut_pictures(self.pictures, rows, rng)
        parts = [
            cut_parts(map_of(self.parts[row]), square)
            for row, square in zip(rows, cuts.squares, strict=True)
        ]
        across = torch.stack([cuts.roll.cos(), cuts.roll.sin()], 1)
        upright_from_crop = rolled_with(across)
        answers = HandAnswers(
            cuts.places,
            torch.from_numpy(np.stack(parts)).long(),
            upright_from_crop.transpose(1, 2) @ self.palm[rows],
            self.bends[rows],
            self.joints[rows] @ upright_from_crop,
        )
        return cuts.crops, answers

    def terms(self, encoded: Encoded, answers: HandAnswers) -> dict[str, Tensor]:
        palm, bends, joints = encoded.guess.split(list(GUESS), 1)
        return {
            "parts": cross_entropy(encoded.parts, answers.parts),
            **heat_terms(encoded.heat, answers.places),
            "turn": (palm - six_from_matrix(answers.palm)).abs().mean(),
            "bends": (bends.sigmoid() - answers.bends).abs().mean(),
            "joints": (joints.unflatten(1, (-1, 3)) - answers.joints).abs().mean(),
        }


def cut_parts(parts: np.ndarray, square: np.ndarray) -> np.ndarray:
    """The part map (128, 128) of a picture as the map (M, M) of a square of it."""
    return warped(parts, square * (PARTS_PX / CROP_SIZE), MAP_PX, cv2.INTER_NEAREST)


@torch.no_grad()
def load(paths: list[Path]) -> HandLesson:
    """Shards that have pictures."""
    model = HandModel()
    samples = joined([read_shard(HandSamples, path) for path in paths])
    hands = hands_of(samples)
    evidence = evidence_of(hands)
    truth = truth_of(hands, evidence, model)
    pictures = DetailPictures(
        [jpeg for path in paths for jpeg in read_column("image", path)],
        np.stack([hand_square(px) for px in samples.landmarks_px]),
        samples.landmarks_px,
        true_px(hands, model).numpy(),
    )
    parts = [png for path in paths for png in read_column("parts", path)]
    bends = (truth.angles - model.low) / (model.high - model.low)
    return HandLesson(pictures, parts, truth.palm, bends, truth.joints)


def true_px(hands: Hands, model: HandModel) -> Tensor:
    """Where what the detector means (N, 21, 2) is in the picture."""
    tangents = project(landmarks_cam(hands, model))
    seen = hands.detection
    return tangents * seen.focal_px[:, None, None] + seen.center_px[:, None]
