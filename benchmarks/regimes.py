# SPDX-License-Identifier: GPL-3.0-or-later
"""What people without labels add: `python -m benchmarks.regimes CHECKPOINT…`.

For every checkpoint of the descent, on held-out rendered people (`benchmarks/fit.py` says which):
PA-MPJPE in mm over 12 limb joints, of all, of those who bend a hip (whose labels `training.loop
--withhold` leaves out) and of the others; the mean energy after the last stage; and how far the
body projects from the detected and from the true landmarks, in percent of the person's extent,
where the detector trusts itself. On the annotated photos (`benchmarks/photos.py`): PCK over all
annotated joints and over those of people who were found. There each person is posed by the look
that the others agree with, and stays where the network puts it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from benchmarks.photos import PHOTOS, Annotated, Candidate, Score, count, read_annotations
from model_server.hypotheses import person_box
from model_server.image import decode_photo
from model_server.landmark_names import COCO_JOINTS
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.dataset import load
from model_server.learning.encoder.read import (
    read,
    read_people,
    read_shard_people,
    reader_of,
    write,
)
from model_server.learning.network.descent import Descent
from model_server.learning.network.energy import by_trust, robust
from model_server.learning.network.evidence import see
from model_server.learning.network.state import LANDMARKS, project
from model_server.learning.samples.photos import Found, Observer, samples_of
from model_server.learning.samples.picture_files import encoded_path
from model_server.learning.samples.pictures import write_pictures
from model_server.learning.shards import write_shard
from model_server.learning.training.batch import People, evidence_and_truth, sight_of
from model_server.learning.training.checkpoint import load_network
from model_server.learning.training.metrics import LIMB_JOINTS, pa_mpjpe
from model_server.learning.training.withheld import bent_hips


@dataclass(frozen=True)
class Errors:
    """Of N rendered people after the last stage."""

    pa_mpjpe_mm: Tensor  # (N,)
    energy: Tensor  # (N,)
    from_detected: Tensor  # (N,) extents
    from_true: Tensor  # (N,) extents


@dataclass(frozen=True)
class SeenPhoto:
    """An annotated photo and who was found in it."""

    annotated: list[Annotated]
    found: list[Found]
    scale: float  # annotated pixels per pixel of the decoded photo


@torch.no_grad()
def errors_of(network: Descent, people: People) -> Errors:
    evidence, sight, truth = evidence_and_truth(people, network.body)
    stages, energies = network(evidence, sight)
    rows = [network.body.names.index(f"coco:{joint}") for joint in LIMB_JOINTS]
    last = stages[-1]
    projected, true = last.points[:, :LANDMARKS], truth.points[:, :LANDMARKS]
    return Errors(
        pa_mpjpe(last.landmarks[:, rows], truth.landmarks[:, rows]),
        energies[-1],
        by_trust(robust(projected - evidence.points), evidence.trust),
        by_trust(robust(projected - true), evidence.trust),
    )


def see_photos(folder: Path) -> list[SeenPhoto]:
    observer, seen = Observer(threads=2), []
    for name, annotated in read_annotations(folder / "annotations.json").items():
        photo = decode_photo((folder / name).read_bytes())
        seen.append(SeenPhoto(annotated, observer.found(photo), photo.scale))
    return seen


def people_in(photos: list[SeenPhoto], encoder: Path, body: LandmarkModel) -> People:
    """Everybody who was found, photo by photo, read by the encoder."""
    found = [person for photo in photos for person in photo.found]
    with TemporaryDirectory() as folder:
        shard = Path(folder) / "photos.npz"
        write_pictures([person.picture for person in found], shard)
        write_shard(samples_of(found), shard)
        reading, mirrored, *_ = read(load(shard, body), reader_of(encoder, threads=2))
        write(reading, mirrored, encoded_path(shard))
        return read_shard_people(shard)[:]


@torch.no_grad()
def joints_px(network: Descent, people: People) -> Tensor:
    """COCO joints (N, 17, 2) of the posed bodies in pixels of the samples' pictures."""
    seen, evidence = people.detection, see(people.detection)
    stages, _ = network(evidence, sight_of(people, evidence))
    rows = [network.body.names.index(f"coco:{joint}") for joint in COCO_JOINTS]
    virtual = stages[-1].landmarks[:, rows] + stages[-1].translation[:, None]
    tangents = project(virtual @ evidence.cam_from_virtual.transpose(-1, -2))
    return tangents * seen.focal_px[:, None, None] + seen.center_px[:, None]


def score_of(network: Descent, photos: list[SeenPhoto], people: People) -> Score:
    score, joints = Score(), iter(joints_px(network, people).numpy())
    for photo in photos:
        candidates = []
        for person in photo.found:
            px = next(joints) * person.crop.scale + person.corner_px
            box = person_box(person.pose.scaled(photo.scale))
            candidates.append(Candidate(box, px * photo.scale))
        count(score, photo.annotated, candidates)
    return score


def line(name: str, errors: Errors, bent: Tensor, score: Score) -> str:
    pa, energy = errors.pa_mpjpe_mm, errors.energy.mean()
    detected, true = 100 * errors.from_detected.mean(), 100 * errors.from_true.mean()
    hits, found = score.hits / max(score.joints, 1), score.hits / max(score.joints_of_found, 1)
    return (
        f"{name:<24} {pa.mean():6.1f} {pa[bent].mean():6.1f} {pa[~bent].mean():8.1f} {energy:7.3f} "
        f"{detected:9.1f} {true:6.1f}   {hits:.3f} {found:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/test_seen_again"))
    parser.add_argument("--encoder", type=Path, default=Path(".cache/runs/context.pt"))
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="with annotations.json inside")
    parser.add_argument("--people", type=int, default=10_000)
    arguments = parser.parse_args()
    full, people = BodyModel(), read_people(arguments.samples)[: arguments.people]
    body = LandmarkModel(full)
    bent, photos = bent_hips(people.rotations, body), see_photos(arguments.photos)
    in_photos = people_in(photos, arguments.encoder, body)
    print(f"{len(people)} people, {int(bent.sum())} bend a hip; {len(in_photos)} in photos")
    print(f"{'':24} PA all   bent straight  energy  detected   true   PCK all, found")
    for path in arguments.checkpoints:
        network = load_network(path, full)
        errors = errors_of(network, people)
        print(line(path.stem, errors, bent, score_of(network, photos, in_photos)), flush=True)


if __name__ == "__main__":
    main()
