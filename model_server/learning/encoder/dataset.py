# SPDX-License-Identifier: GPL-3.0-or-later
"""Shards of pictures to batches of crops with what is true of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor

from model_server.crops import Box, crop_from_image, cut, square_crop
from model_server.landmark_names import POSE_LANDMARKS, mirror_order
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.parts import PART_MIRROR
from model_server.learning.body.pose_bones import MIRROR
from model_server.learning.encoder.config import MAP_PX
from model_server.learning.network.descent import flat
from model_server.learning.network.evidence import see
from model_server.learning.network.state import LANDMARKS, project
from model_server.learning.samples.pictures import PARTS_PX, Picture, decode, read_pictures
from model_server.learning.samples.store import read_shard
from model_server.learning.training.batch import People, people_of, sight_of, truth_of
from model_server.learning.training.batch import mirrored as mirrored_people
from model_server.person_crop import CROP_PX, VIEW_PX, person_square, person_view
from model_server.squares import cut_square

SHIFT: Final = 0.06  # random displacement of crops, in their sides
UNMASKED: Final = 0.3  # of the masks are kept from the encoder, which must do without them too
GROW: Final = 0.12  # and their random growth, as a logarithm


@dataclass(frozen=True)
class Crops:
    """B crops as the encoder sees them."""

    image: Tensor  # (B, 3, C, C) uint8
    mask: Tensor  # (B, 1, C, C) uint8
    view: Tensor  # (B, 3, V, V) uint8
    landmarks: Tensor  # (B, 33, 2) detected, in crop sides
    visibility: Tensor  # (B, 33)
    told: Tensor  # (B, EVIDENCE_SIZE) what the detector says, as the descent is told
    mirror_told: Tensor  # (B, EVIDENCE_SIZE) the same of the mirrored pictures


@dataclass(frozen=True)
class Answers:
    """What is true of B crops."""

    parts: Tensor  # (B, M, M) int64, 0 none, 1 + index into `PART_NAMES`
    places: Tensor  # (B, 33, 2) true landmarks in crop sides
    landmarks: Tensor  # (B, 33, 3) relative to the root's head, virtual camera, metres
    rotations: Tensor  # (B, 22, 3, 3), the root's in the virtual camera
    phenotypes: Tensor  # (B, 6)


@dataclass(frozen=True)
class Shard:
    """One shard, its pictures still encoded."""

    people: People
    pictures: list[Picture]
    truth: Answers  # places in pixels of the picture, parts empty
    told: Tensor  # (N, EVIDENCE_SIZE), as in `Crops`
    mirror_told: Tensor  # (N, EVIDENCE_SIZE)


@torch.no_grad()
def load(path: Path, body: LandmarkModel) -> Shard:
    people = people_of(read_shard(path))
    evidence = see(people.detection)
    truth = truth_of(people, evidence, body)
    landmarks, rotations = truth.landmarks[:, :LANDMARKS], truth.rotations
    seen = people.detection
    in_camera = body(people.phenotypes, people.rotations)[0][:, :LANDMARKS]
    tangents = project(in_camera + people.translation[:, None])
    px = tangents * seen.focal_px[:, None, None] + seen.center_px[:, None]
    answers = Answers(
        torch.zeros(len(people), 0),
        px,
        landmarks,
        rotations,
        truth.phenotypes,
    )
    told, mirror_told = told_of(people), told_of(mirrored_people(people))
    return Shard(people, read_pictures(path), answers, told, mirror_told)


def told_of(people: People) -> Tensor:
    """What a descent is told of people whose pictures nobody has read (N, EVIDENCE_SIZE)."""
    evidence = see(people.detection)
    return flat(evidence, sight_of(people, evidence))


def batches(
    shard: Shard, size: int, rng: np.random.Generator | None
) -> Iterator[tuple[Crops, Answers]]:
    """All people of a shard; with a generator in random order, jittered and half of the batches
    mirrored.
    """
    count = len(shard.people)
    order = np.arange(count) if rng is None else rng.permutation(count)
    for start in range(0, count, size):
        batch = crops_of(shard, order[start : start + size], rng)
        yield mirrored(*batch) if rng is not None and rng.random() < 0.5 else batch


def crops_of(
    shard: Shard, rows: np.ndarray, rng: np.random.Generator | None
) -> tuple[Crops, Answers]:
    seen = shard.people.detection
    images, masks, views, parts, landmarks, places = [], [], [], [], [], []
    for row in rows:
        px, visibility = seen.landmarks_px[row].numpy(), seen.visibility[row].numpy()
        box = person_square(px, visibility)
        box = box if rng is None else jittered(box, rng)
        crop = square_crop(box, CROP_PX)
        picture, part_map, mask = decode(shard.pictures[row])
        image, view = cut(picture, crop), cut_square(picture, person_view(px), VIEW_PX)
        images.append(image)
        views.append(view)
        full_mask = cv2.resize(mask, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        told = rng is None or rng.random() > UNMASKED
        masks.append(cut(full_mask, crop) * np.uint8(told))
        parts.append(crop_parts(part_map, crop_from_image(crop), picture.shape[0]))
        corner = np.array([crop.left, crop.top], np.float32)
        landmarks.append((px - corner) / crop.side)
        places.append((shard.truth.places[row].numpy() - corner) / crop.side)
    image, view = (
        torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()
        for pictures in (images, views)
    )
    crops = Crops(
        image,
        torch.from_numpy(np.stack(masks))[:, None],
        view,
        torch.from_numpy(np.stack(landmarks)),
        seen.visibility[rows],
        shard.told[rows],
        shard.mirror_told[rows],
    )
    truth = shard.truth
    return crops, Answers(
        torch.from_numpy(np.stack(parts)).long(),
        torch.from_numpy(np.stack(places)),
        truth.landmarks[rows],
        truth.rotations[rows],
        truth.phenotypes[rows],
    )


def jittered(box: Box, rng: np.random.Generator) -> Box:
    x, y = rng.normal(0, SHIFT, 2) * box.width
    return Box(box.x + x, box.y + y, box.width, box.height).grown(np.exp(rng.normal(0, GROW)))


def crop_parts(parts: np.ndarray, crop_from_image: np.ndarray, picture_px: int) -> np.ndarray:
    """The part map (P, P) of a picture as the map (M, M) of a crop, nearest pixels."""
    # Pixels are continuous here and have their centres at whole numbers in OpenCV.
    shrink, grow = MAP_PX / CROP_PX, picture_px / PARTS_PX
    linear = crop_from_image[:, :2] * shrink
    matrix = np.column_stack([linear * grow, crop_from_image[:, 2] * shrink])
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    return cv2.warpAffine(parts, matrix, (MAP_PX, MAP_PX), flags=cv2.INTER_NEAREST)


def mirrored(crops: Crops, answers: Answers) -> tuple[Crops, Answers]:
    """The same people in mirrored pictures; left and right change their names."""
    order, flip = list(mirror_order(POSE_LANDMARKS)), torch.tensor([-1.0, 1.0, 1.0])
    names = torch.tensor((0, *(1 + part for part in PART_MIRROR)))
    aside = torch.tensor([1.0, 0.0])

    def turned(points: Tensor) -> Tensor:
        return aside + points[:, order] * flip[:2]

    return Crops(
        crops.image.flip(3),
        crops.mask.flip(3),
        crops.view.flip(3),
        turned(crops.landmarks),
        crops.visibility[:, order],
        crops.mirror_told,
        crops.told,
    ), Answers(
        names[answers.parts.flip(2)],
        turned(answers.places),
        answers.landmarks[:, order] * flip,
        answers.rotations[:, MIRROR] * flip[:, None] * flip,
        answers.phenotypes,
    )
