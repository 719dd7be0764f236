# SPDX-License-Identifier: GPL-3.0-or-later
"""How well people in photos are found and posed: `python -m benchmarks.photos [--sheet out.png]`.

Counts the share of annotated joints (COCO's, hidden ones included) that land within 0.2 torso of
the annotation, PCK@0.2. A torso is the distance from the middle of the annotated shoulders to the
middle of the annotated hips; where one of these is not annotated, 0.4 times the square root of the
annotated box's area. A found person belongs to the annotated person whose box it overlaps most,
if by more than 0.25. All joints of a person that was not found count as missed ("all"); beside it
stands the share over found people only ("found").

  one pass    mediapipe once over the whole photo
  voted       several looks at each person, and the one that the others agree with
  body        the posed body of /estimate, reprojected (`people[i].keypoints`)

The photos and annotations are those of ../shared/data/photos (not part of the project).
"""

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from model_server.arrays import FloatArray, ImageArray
from model_server.crops import Box, overlap
from model_server.errors import InternalError
from model_server.estimate import Person
from model_server.hypotheses import person_box
from model_server.image import decode_photo
from model_server.landmark_names import COCO_FROM_POSE, COCO_JOINTS
from model_server.landmarks import PoseDetector, PoseLandmarks
from model_server.people import PeopleFinder
from model_server.pipeline import Pipeline, load_pipeline
from model_server.settings import ASSETS

PHOTOS: Final = Path(__file__).parents[2] / "shared" / "data" / "photos"
THRESHOLD: Final = 0.2
SAME_BOX: Final = 0.25
SHOULDERS: Final = (5, 6)
HIPS: Final = (11, 12)
BONES: Final = (
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
    *((f"{s}_{a}", f"{s}_{b}") for s in ("left", "right") for a, b in (
        ("shoulder", "elbow"), ("elbow", "wrist"), ("shoulder", "hip"),
        ("hip", "knee"), ("knee", "ankle"))),
)  # fmt: skip


@dataclass(frozen=True)
class Annotated:
    """A person as people marked it."""

    box: Box
    joints_px: FloatArray  # (17, 2)
    known: Any  # (17,) bool

    @property
    def torso_px(self) -> float:
        if self.known[[*SHOULDERS, *HIPS]].all():
            shoulders = self.joints_px[list(SHOULDERS)].mean(axis=0)
            return float(np.linalg.norm(shoulders - self.joints_px[list(HIPS)].mean(axis=0)))
        return 0.4 * self.box.area**0.5


@dataclass
class Score:
    hits: int = 0
    joints: int = 0
    joints_of_found: int = 0
    found: int = 0
    people: int = 0
    claimed: int = 0  # people that the method says there are

    def line(self, name: str) -> str:
        of_found = self.hits / max(self.joints_of_found, 1)
        return (
            f"{name:<10} all {self.hits / max(self.joints, 1):.3f}   found {of_found:.3f}   "
            f"people {self.found} of {self.people}, {self.claimed} claimed"
        )


@dataclass
class Candidate:
    """A person as a method found it."""

    box: Box
    joints_px: FloatArray  # (17, 2)


@dataclass
class Methods:
    """The detectors and networks under test."""

    one_pass: PoseDetector = field(default_factory=lambda: PoseDetector(num_people=8))
    finder: PeopleFinder = field(default_factory=PeopleFinder)
    pipeline: Pipeline | None = None

    def run(self, content: bytes) -> dict[str, list[Candidate]]:
        image = decode_photo(content).pixels
        found = {
            "one pass": [of_pose(pose) for pose in self.one_pass.detect(image)],
            "voted": [of_pose(person.pose) for person in self.finder.find(image)],
        }
        if self.pipeline is not None:
            found["body"] = [of_body(person) for person in self.pipeline.estimate(content).people]
        return found


def of_pose(pose: PoseLandmarks) -> Candidate:
    return Candidate(person_box(pose), pose.landmarks_px[list(COCO_FROM_POSE)])


def of_body(person: Person) -> Candidate:
    return Candidate(person.box, person.keypoints.px)


def read_annotations(path: Path) -> dict[str, list[Annotated]]:
    """People by file name."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return {image["file"]: [_annotated(p) for p in image["people"]] for image in content["images"]}


def _annotated(person: dict[str, Any]) -> Annotated:
    points = np.array(person["keypoints"], np.float32).reshape(17, 3)
    return Annotated(Box(*person["bbox"]), points[:, :2], points[:, 2] > 0)


def count(score: Score, people: list[Annotated], candidates: list[Candidate]) -> None:
    """Add a photo to a score."""
    score.claimed += len(candidates)
    for person in people:
        joints = int(person.known.sum())
        score.people += 1
        score.joints += joints
        best = max(candidates, key=lambda c: overlap(c.box, person.box), default=None)
        if best is None or overlap(best.box, person.box) < SAME_BOX:
            continue
        apart = np.linalg.norm(best.joints_px - person.joints_px, axis=1)
        score.hits += int(((apart < THRESHOLD * person.torso_px) & person.known).sum())
        score.joints_of_found += joints
        score.found += 1


def draw(image: ImageArray, candidates: list[Candidate], color: tuple[int, int, int]) -> None:
    """Skeletons into `image`, in place."""
    for candidate in candidates:
        joints = dict(zip(COCO_JOINTS, candidate.joints_px.round().astype(int).tolist()))  # noqa: B905
        for start, end in BONES:
            cv2.line(image, joints[start], joints[end], color, 2, cv2.LINE_AA)


def contact_sheet(pictures: list[ImageArray], columns: int = 4, side: int = 480) -> ImageArray:
    """All pictures on one, each within a square of `side` pixels."""
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * side, columns * side, 3), np.uint8)
    for i, picture in enumerate(pictures):
        factor = side / max(picture.shape[:2])
        small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        top, left = i // columns * side, i % columns * side
        height, width = min(small.shape[0], side), min(small.shape[1], side)
        sheet[top : top + height, left : left + width] = small[:height, :width]
    return sheet


def load_methods(assets: Path) -> Methods:
    try:
        return Methods(pipeline=load_pipeline(assets))
    except InternalError as error:
        print(f"Without the body: {error.message}", file=sys.stderr)
        return Methods()


def measure(folder: Path, sheet: Path | None, assets: Path) -> dict[str, Score]:
    methods, scores, pictures = load_methods(assets), dict[str, Score](), list[ImageArray]()
    for name, people in read_annotations(folder / "annotations.json").items():
        content = (folder / name).read_bytes()
        found = methods.run(content)
        for method, candidates in found.items():
            count(scores.setdefault(method, Score()), people, candidates)
        picture = decode_photo(content).pixels.copy()
        draw(picture, found["voted"], (255, 200, 0))
        draw(picture, found.get("body", []), (0, 220, 255))
        pictures.append(picture)
    if sheet:
        cv2.imwrite(str(sheet), contact_sheet(pictures)[..., ::-1])
    return scores


def main() -> int:
    parser = argparse.ArgumentParser(description="PCK@0.2 torso on annotated photos")
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="with annotations.json inside")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet: yellow voted, blue body")
    parser.add_argument("--assets", type=Path, default=ASSETS, help="anny.npz and descent.onnx")
    options = parser.parse_args()
    if not (options.photos / "annotations.json").is_file():
        print(f"No annotated photos in {options.photos}; name a folder with --photos.")
        return 2
    for method, score in measure(options.photos, options.sheet, options.assets).items():
        print(score.line(method))
    return 0


if __name__ == "__main__":
    sys.exit(main())
