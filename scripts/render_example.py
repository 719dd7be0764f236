# SPDX-License-Identifier: GPL-3.0-or-later
"""Render `docs/pictures/full_body.jpg`, the picture the demo and tests use: a dressed person in a
recorded pose.

Needs the learning environment and the MakeHuman clothes in `.cache/data/base`: `PYTHONPATH=.
.env/learning/bin/python scripts/render_example.py`
"""

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.mocap.library import LIBRARY, Library
from model_server.learning.rendering import Camera, DressedRenderer, PosedPerson
from model_server.learning.samples.people import LEVEL_CAM_FROM_BODY

OUT: Final = Path(__file__).resolve().parents[1] / "docs/pictures/full_body.jpg"
SIZE_PX: Final = 900
SEED: Final = 112


def main() -> None:
    rng = np.random.default_rng(SEED)
    library = Library.load(LIBRARY)
    poses = library.rotations(library.keep & library.of_split("train"))
    pose = most_bent(poses[rng.integers(len(poses), size=30)])
    phenotypes = {
        "gender": 0.0, "age": 0.66, "muscle": 0.6, "weight": 0.5, "height": 0.5, "proportions": 0.7
    }  # fmt: skip
    root = LEVEL_CAM_FROM_BODY @ heading(rng.uniform(-0.6, 0.6) - facing(pose[0])) @ pose[0]
    rotations = dict(zip(POSE_BONES[1:], pose[1:], strict=True))
    person = PosedPerson(phenotypes, rotations, root, np.array([0, 0.05, 3.0]))
    renderer = DressedRenderer(Path(".cache/data/base"), SIZE_PX)
    camera = Camera(1.5 * SIZE_PX, (SIZE_PX / 2, SIZE_PX / 2))
    look = renderer.sample_look(phenotypes, rng)
    image = renderer.render(person, camera, look, rng, with_faults=False).image
    OUT.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(OUT), image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])


def most_bent(poses: np.ndarray) -> np.ndarray:
    """The pose (22, 3, 3) farthest from rest among poses (N, 22, 3, 3)."""
    bend = np.square(poses[:, 1:] - np.eye(3)).sum((1, 2, 3))
    return poses[bend.argmax()].astype(np.float32)


def facing(root: np.ndarray) -> float:
    """Heading of a root rotation (3, 3) in radians, 0 for a person who faces the camera."""
    x, y, _ = -root[:, 1]
    return float(np.arctan2(x, -y))


def heading(angle: float) -> np.ndarray:
    """Rotation (3, 3) by angle about the vertical."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


if __name__ == "__main__":
    main()
