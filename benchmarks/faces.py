# SPDX-License-Identifier: GPL-3.0-or-later
"""How well expressions, gaze and heads are read: `python -m benchmarks.faces`.

Rendered faces that were never trained on, seen by the real detector
(`python -m model_server.learning.faces.generate --split test`) and read by the encoder
(`python -m model_server.learning.details.read faces --split test`). Baselines: a face that is
always at rest, the geometric rules of `facial_rules.py`, for heads the detector's own axes, and the
exported graph. The network is measured after every number of stages, with and without what was read
in the pictures. `second opinion` compares where detector and encoder see the points, in extents of
the face. With `--bodies N` whole people are rendered, found by the
server's own steps, and their heads are compared before and after the face is joined to the body.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from benchmarks.facial_rules import facial_actions
from model_server.bones import Array, BodyBones
from model_server.camera import Camera
from model_server.decode import evidence_of as evidence_of_bodies
from model_server.face import FaceDetector
from model_server.face_session import OnnxFace
from model_server.fusion import Rotations, chained
from model_server.head import fuse_head
from model_server.hypotheses import vote
from model_server.landmarks import DetailReading, FaceLandmarks, PoseLandmarks
from model_server.learning.body.body_model import ASSET
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.body.rotations import angle_between
from model_server.learning.faces.anatomy import anatomy_of, seen_points
from model_server.learning.faces.batch import (
    Faces,
    evidence_of,
    places_px,
    read_faces,
    without_reading,
)
from model_server.learning.faces.evidence import FaceEvidence
from model_server.learning.faces.export import DEFAULT_OUT
from model_server.learning.faces.network import FaceDescent
from model_server.learning.faces.points import IRISES, POINTS
from model_server.learning.faces.sculpt import Sculpt, load_sculpt
from model_server.learning.faces.store import FaceSamples, read_shards
from model_server.learning.faces.train import AT_REST, load_network
from model_server.learning.rendering.body_arrays import BodyArrays, load_body_arrays
from model_server.learning.rendering.skin import eye_centres
from model_server.learning.samples.generate import SEED_OF_SPLIT, Studio
from model_server.learning.samples.people import random_people
from model_server.session import OnnxDescent
from model_server.turns import angle_between as angle_between_turns

STAGES: Final = range(7)
ACTIVE: Final = 0.1
_EYEBALLS: Final = ((14598, 14669), (14670, 14741))  # of hm08, ends included


class Ruler:
    """Turns differences of actions into millimetres and degrees."""

    def __init__(self, body: BodyArrays, sculpt: Sculpt) -> None:
        used = np.intersect1d(np.unique(body.faces), body.face_vertex_ids)
        self._moves = torch.from_numpy(anatomy_of(body, sculpt, used).moves).flatten(1)
        self._poles, self._pole_moves = _poles(body, sculpt)

    def millimetres(self, wrong: Tensor) -> Tensor:
        """Differences of actions (N, A) → mean distance (N,) over the vertices of the face."""
        parts = [(part @ self._moves).unflatten(1, (-1, 3)).norm(dim=2) for part in wrong.split(64)]
        return 1000 * torch.cat(parts).mean(1)

    def degrees(self, seen: Tensor, true: Tensor) -> Tensor:
        """Angle (N,) between the gazes of two sets of actions (N, A), both eyes' mean."""
        gaze, wanted = (self._gaze(actions) for actions in (seen, true))
        return torch.rad2deg((gaze * wanted).sum(2).clamp(-1, 1).acos()).mean(1)

    def _gaze(self, actions: Tensor) -> Tensor:
        moved = self._poles + torch.einsum("na,aei->nei", actions, self._pole_moves)
        return torch.nn.functional.normalize(moved, dim=2)


def _poles(body: BodyArrays, sculpt: Sculpt) -> tuple[Tensor, Tensor]:
    """From the middle of each eyeball to its foremost vertex (2, 3), and how actions move that
    vertex away from the middle (A, 2, 3).
    """
    poles, moves = [], []
    for (first, last), centre in zip(_EYEBALLS, eye_centres(body), strict=True):
        eye = anatomy_of(body, sculpt, np.arange(first, last + 1))
        pole = int(
            np.argmin(
                np.linalg.norm((eye.template - centre)[:, [0, 2]], axis=1) + eye.template[:, 1]
            )
        )
        poles.append(eye.template[pole] - centre)
        moves.append(eye.moves[:, pole] - eye.moves.mean(1))
    return torch.from_numpy(np.array(poles)).float(), torch.from_numpy(np.stack(moves, 1)).float()


def row(seen: Tensor, true: Tensor, ruler: Ruler) -> dict[str, float]:
    """What the errors of actions (N, A) come to."""
    wrong = seen - true
    resting = (true == 0).all(1)
    return {
        "action_error": wrong.abs().mean().item(),
        "active_error": wrong.abs()[true > ACTIVE].mean().item(),
        "inactive_error": wrong.abs()[true == 0].mean().item(),
        "at_rest": (seen[resting].amax(1) < AT_REST).float().mean().item(),
        "expression_mm": ruler.millimetres(wrong).mean().item(),
        "gaze_deg": ruler.degrees(seen, true).mean().item(),
    }


def by_rules(samples: FaceSamples, names: list[str]) -> Tensor:
    """Actions (N, A) of the geometric rules."""
    answers = [
        facial_actions(FaceLandmarks(px, depth))
        for px, depth in zip(samples.landmarks_px, samples.depth, strict=True)
    ]
    return torch.tensor([[answer.get(name, 0.0) for name in names] for answer in answers])


def head_degrees(cam_from_head: Tensor, true: Tensor) -> float:
    return torch.rad2deg(angle_between(cam_from_head, true)).mean().item()


def detector_heads(evidence: FaceEvidence, true: Tensor) -> Tensor:
    """The detector's own head axes (N, 3, 3), turned alike for all so that they fit best."""
    left, up = evidence.turn.unflatten(1, (2, 3)).unbind(1)
    axes = torch.stack([left, torch.linalg.cross(up, left), up], 2)  # rest axes: left, back, up
    seen = evidence.cam_from_virtual @ axes
    u, _, vt = torch.linalg.svd((seen.transpose(1, 2) @ true).sum(0))
    return seen @ (u @ vt)


def measure(folder: Path, checkpoint: Path, graph: Path) -> dict[str, dict[str, float]]:
    body = load_body_arrays()
    sculpt = load_sculpt(len(body.template_vertices))
    samples = read_shards(folder)
    faces = read_faces(folder, seen_points(body, sculpt), body)[0]
    names, ruler = [str(name) for name in body.facial_action_names], Ruler(body, sculpt)
    true, evidence = faces.actions, evidence_of(faces)
    results = {
        "always at rest": row(torch.zeros_like(true), true, ruler),
        "rules": row(by_rules(samples, names), true, ruler),
        "detector's axes": {
            "head_deg": head_degrees(detector_heads(evidence, faces.rotation), faces.rotation)
        },
    }
    if graph.exists():
        actions, heads = exported(faces, samples, graph, names)
        results["exported graph"] = {
            **row(actions, true, ruler),
            "head_deg": head_degrees(heads, faces.rotation),
        }
    if checkpoint.exists():
        network = load_network(checkpoint)
        results["second opinion"] = opinions(faces, network)
        blind = without_reading(faces, torch.ones(len(faces), dtype=torch.bool))
        for name, read in (("network", faces), ("network without the picture", blind)):
            for stage, told in enumerate(staged(network, read, ruler)):
                results[f"{name}, {stage} stages"] = told
    return results


def staged(network: FaceDescent, faces: Faces, ruler: Ruler) -> list[dict[str, float]]:
    """The network after every number of stages."""
    evidence = evidence_of(faces)
    with torch.no_grad():
        stages = network(evidence, max(STAGES))
    turns = [evidence.cam_from_virtual @ stages[stage].rotation for stage in STAGES]
    return [
        {
            **row(stages[stage].sure_actions, faces.actions, ruler),
            "head_deg": head_degrees(turn, faces.rotation),
        }
        for stage, turn in zip(STAGES, turns, strict=True)
    ]


def exported(
    faces: Faces, samples: FaceSamples, graph: Path, names: list[str]
) -> tuple[Tensor, Tensor]:
    """Actions (N, A) and heads (N, 3, 3) as the exported graph tells them at run time, but that
    small faces count fully.
    """
    session, actions, heads = OnnxFace(graph), list[list[float]](), list[Array]()
    for i in range(len(samples)):
        x, y = (float(value) for value in samples.center_px[i])
        seen = session.run(
            found(faces, samples, i), Camera(float(samples.focal_px[i]), (x, y), "given")
        )
        assert seen.cam_from_head is not None
        actions.append([seen.actions.get(name, 0.0) / max(seen.clarity, 1e-3) for name in names])
        heads.append(seen.cam_from_head)
    return torch.tensor(actions), torch.from_numpy(np.stack(heads)).float()


def found(faces: Faces, samples: FaceSamples, index: int) -> FaceLandmarks:
    """One face as the server knows it."""
    read = faces.reading[slice(index, index + 1)]
    parts = (read.features, read.heat_px, read.heat_trust)
    reading = DetailReading(*(part[0].numpy() for part in parts)) if read.present.any() else None
    return FaceLandmarks(samples.landmarks_px[index], samples.depth[index], reading)


def opinions(faces: Faces, network: FaceDescent) -> dict[str, float]:
    """How far detector and encoder are off, in extents of the faces; irises on their own, too."""
    true = places_px(faces, network.face)
    extent = (true - true.mean(1, keepdim=True)).square().sum(2).mean(1).sqrt()[:, None]
    irises = [POINTS.index(point) for point in IRISES]
    detector, encoder = (
        (px - true).norm(dim=2) / extent
        for px in (faces.detection.landmarks_px, faces.reading.heat_px)
    )
    return {
        "detector": detector.mean().item(),
        "encoder": encoder.mean().item(),
        "detector, irises": detector[:, irises].mean().item(),
        "encoder, irises": encoder[:, irises].mean().item(),
    }


def milliseconds(graph: Path, samples: FaceSamples) -> float:
    """Median time of one face."""
    session, times = OnnxFace(graph), []
    camera = Camera(500.0, (192.0, 192.0), "default")
    face = FaceLandmarks(samples.landmarks_px[0], samples.depth[0])
    for _ in range(50):
        began = time.perf_counter()
        session.run(face, camera)
        times.append(time.perf_counter() - began)
    return 1000 * float(np.median(times))


def heads_of_bodies(count: int, graph: Path, data: Path) -> dict[str, float]:
    """Median error of heads in degrees, of rendered people whose face is found: as the body's
    descent has them, as the face has them, and joined.
    """
    studio, rng = Studio(data, "test"), np.random.default_rng(SEED_OF_SPLIT["test"] + 77)
    joiner, detector = Joiner(graph), FaceDetector()
    drawn = random_people(studio.poses.sample(rng, count), studio.body, rng)
    errors: list[list[float]] = []
    for start in range(0, count, 20):
        rows = range(start, min(start + 20, count))
        for index, render in zip(rows, studio.renders(drawn, rows, rng), strict=True):
            found = studio.detector.detect(render.image)[:1]
            face = detector.detect(render.image, found[0]) if found else None
            if face is not None:
                center = (float(drawn.center_px[index, 0]), float(drawn.center_px[index, 1]))
                camera = Camera(float(drawn.focal_px[index]), center, "given")
                true = dict(zip(POSE_BONES, drawn.rotations[index], strict=True))
                errors.append(joiner.errors(found, face, camera, true))
    body, alone, joined = np.median(np.degrees(np.array(errors)), axis=0).tolist()
    return {"people": len(errors), "body": body, "face": alone, "joined": joined}


class Joiner:
    """The networks and the step that joins a face to a body."""

    def __init__(self, graph: Path) -> None:
        self._descent = OnnxDescent(DEFAULT_OUT.with_name("descent.onnx"))
        self._bones, self._faces = BodyBones(ASSET), OnnxFace(graph)

    def errors(
        self, found: list[PoseLandmarks], face: FaceLandmarks, camera: Camera, true: Rotations
    ) -> list[float]:
        """Errors of the head, radians: the body's, the face's, joined."""
        config = self._descent.config
        posed = self._descent.run(evidence_of_bodies([vote(found)], camera))
        phenotypes = dict(zip(config.phenotypes, posed.phenotypes[0].tolist(), strict=True))
        bones = self._bones.reference(phenotypes)
        body: Rotations = dict(zip(config.pose_bones, posed.rotations[0], strict=True))
        root, seen = posed.root[0].astype(np.float64), self._faces.run(face, camera)
        assert seen.cam_from_head is not None
        joined = fuse_head(body, root, seen, bones)
        chain = (*bones.ancestors("head"), "head")
        wanted = true["root"] @ chained(true, chain)
        answers = [
            root @ chained(body, chain),
            seen.cam_from_head @ bones.turn("head").T,
            root @ chained(joined, chain),
        ]
        return [angle_between_turns(answer, wanted) for answer in answers]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/faces/test"))
    parser.add_argument("--checkpoint", type=Path, default=Path(".cache/runs/faces.pt"))
    parser.add_argument("--graph", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--bodies", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path(".cache/data/base"))
    arguments = parser.parse_args()
    results = measure(arguments.samples, arguments.checkpoint, arguments.graph)
    results["one face"] = {"ms": milliseconds(arguments.graph, read_shards(arguments.samples))}
    if arguments.bodies:
        heads = heads_of_bodies(arguments.bodies, arguments.graph, arguments.data)
        results["heads of bodies, deg"] = heads
    json.dump(results, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
