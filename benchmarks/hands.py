# SPDX-License-Identifier: GPL-3.0-or-later
"""How well hands are posed: `python -m benchmarks.hands`.

Rendered hands that were never trained on, half of their gestures unseen too, looked at by the real
detector (`python -m model_server.learning.hands.generate --split test`) and read by the encoder
(`python -m model_server.learning.details.read hands --split test`). Compared are the detector's own
3D points, the geometric fit of fingers to these points (plain, and with the palm's points where the
detector sees them), the exported graph, and the learned descent after every stage, with and without
what was read in the pictures. Joint errors are millimetres on the person's own hand, from the wrist
(`root`) and after Procrustes alignment (`pa`); angles are degrees. `second opinion` compares where
detector and encoder see the landmarks, in extents of the hand.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from benchmarks.geometric_hands import finger_rotations, hand_in_camera, palm_turn
from model_server.bones import BodyBones
from model_server.camera import Camera
from model_server.detail_crop import DETAIL_PX
from model_server.hand_rig import hand_rig
from model_server.hand_session import HandEvidence, OnnxHands
from model_server.landmarks import HandLandmarks
from model_server.learning.body.body_model import ASSET
from model_server.learning.details.kinds import KINDS
from model_server.learning.hands.articulation import BONES, bone_ends, palm_m, points_of
from model_server.learning.hands.batch import Hands, evidence_of, read_hands, without_reading
from model_server.learning.hands.export_onnx import DEFAULT_OUT
from model_server.learning.hands.hand_model import LANDMARKS, HandModel, read_offsets
from model_server.learning.hands.lesson import true_px
from model_server.learning.hands.network import HandDescent
from model_server.learning.hands.state import compare
from model_server.learning.hands.store import HandSamples, read_shards
from model_server.learning.hands.train import load_network
from model_server.learning.mocap import so3
from model_server.learning.mocap.so3 import Array
from model_server.learning.samples.people import PHENOTYPES
from model_server.learning.training.metrics import pa_mpjpe
from model_server.session import open_session

MOST_STAGES: Final = 6
SIZES: Final = (1, 2, 16)


@dataclass(frozen=True)
class Answer:
    """N hands as somebody poses them."""

    fingers: Array  # (N, 15, 3, 3)
    palm: Array  # (N, 3, 3) cam_from_palm


def geometric(samples: HandSamples, bones: BodyBones, offsets: Array) -> Answer:
    """The fit of fingers to the detector's 3D points.

    `offsets` (6, 3) in palms say where the detector sees the palm's points on the body.
    """
    fingers, palms = [], []
    for i in range(len(samples)):
        rig = hand_rig(bones.reference(shape_of(samples, i)), "left")
        rig = replace(rig, palm=rig.palm + palm_m(rig.palm - rig.palm[0]) * offsets)
        points = seen_points(samples, i)
        turns = finger_rotations(rig, points)
        fingers.append([turns[bone] for bone in BONES])
        palms.append(palm_turn(rig, points))
    return Answer(np.array(fingers), np.array(palms))


def shape_of(samples: HandSamples, row: int) -> dict[str, float]:
    return dict(zip(PHENOTYPES, samples.phenotypes[row].tolist(), strict=True))


def seen_points(samples: HandSamples, row: int) -> Array:
    """The detector's 3D points (21, 3) in the axes of the camera."""
    center = tuple(samples.center_px[row].tolist())
    camera = Camera(float(samples.focal_px[row]), (center[0], center[1]), "given")
    seen = HandLandmarks(samples.landmarks_px[row], samples.world[row], 1.0)
    return hand_in_camera(seen, camera)


def descents(hands: Hands, network: HandDescent) -> tuple[list[Answer], float]:
    """The hands after 0…6 stages, and how many have their energy lowered by every trained stage."""
    with torch.no_grad():
        evidence = evidence_of(hands)
        stages = network(evidence, MOST_STAGES)
        energies = [compare(hand, evidence, network.model).energies[:, 0] for hand in stages]
    falls = torch.stack(energies).diff(dim=0)[: network.config.stages] < 1e-3
    answers = [
        Answer(hand.fingers.numpy(), (evidence.cam_from_virtual @ hand.palm).numpy())
        for hand in stages
    ]
    return answers, float(falls.all(0).float().mean())


def exported(hands: Hands, graph: Path) -> Answer:
    """What the exported graph says, asked as at run time."""
    posed = OnnxHands(graph).run(evidence_for(hands))
    return Answer(posed.fingers, posed.palm)


def evidence_for(hands: Hands) -> HandEvidence:
    seen = {**vars(hands.detection), **vars(hands.reading)}
    return HandEvidence(**{name: value.numpy() for name, value in seen.items()})


def opinions(hands: Hands, model: HandModel) -> dict[str, float]:
    """How far the detector and the encoder are off, in extents of the hands."""
    true = true_px(hands, model)
    extent = (true - true.mean(1, keepdim=True)).square().sum(2).mean(1).sqrt()[:, None]

    def off(px: Tensor) -> float:
        return float(((px - true).norm(dim=2) / extent).mean())

    return {"detector": off(hands.detection.landmarks_px), "encoder": off(hands.reading.heat_px)}


def errors(points: Array, samples: HandSamples) -> dict[str, float]:
    """Joint errors of points (N, 21, 3) from the wrist, metres."""
    true = samples.points_cam - samples.points_cam[:, :1]
    root = 1000 * np.linalg.norm(points - true, axis=2)[:, 1:].mean(1)
    aligned = pa_mpjpe(torch.from_numpy(points).float(), torch.from_numpy(true).float()).numpy()
    return {
        "root_mm": float(root.mean()),
        "root_median_mm": float(np.median(root)),
        "pa_mm": float(aligned.mean()),
        "pa_median_mm": float(np.median(aligned)),
    }


def judged(answer: Answer, samples: HandSamples, references: Array) -> dict[str, float]:
    """All errors of an answer, on each person's own hand (N, 21, 3)."""
    points = np.stack([points_of(f, r) for f, r in zip(answer.fingers, references, strict=True)])
    turned = points @ answer.palm.swapaxes(1, 2)
    joints = np.degrees(so3.angle_between(answer.fingers, samples.fingers))
    palm = np.degrees(so3.angle_between(answer.palm, samples.palm))
    return {
        **errors(turned, samples),
        "joint_deg": float(joints.mean()),
        "palm_deg": float(palm.mean()),
        "palm_median_deg": float(np.median(palm)),
    }


def detector(samples: HandSamples) -> dict[str, float]:
    """The detector's points, scaled to the true size, which they do not claim to know."""
    points = np.stack([seen_points(samples, i) for i in range(len(samples))])
    points -= points[:, :1]
    true = samples.points_cam - samples.points_cam[:, :1]
    sizes = [palm_m(t) / palm_m(p) for t, p in zip(true, points, strict=True)]
    return errors(points * np.array(sizes)[:, None, None], samples)


def milliseconds(task: Callable[[], object]) -> float:
    """Median time of 50 calls."""
    times = []
    for _ in range(50):
        began = time.perf_counter()
        task()
        times.append(time.perf_counter() - began)
    return 1000 * float(np.median(times))


def milliseconds_of_graph(hands: Hands, graph: Path, size: int) -> float:
    """One call of the exported descent for `size` hands."""
    session, evidence = OnnxHands(graph), evidence_for(hands[slice(size)])
    return milliseconds(lambda: session.run(evidence))


def milliseconds_of_encoder(encoder: Path, size: int) -> float:
    """One call of the exported encoder for `size` hands."""
    session = open_session(encoder, 2)
    feed = {
        "image": np.zeros((size, DETAIL_PX, DETAIL_PX, 3), np.uint8),
        "landmarks": np.full((size, LANDMARKS, 2), 0.5, np.float32),
    }
    return milliseconds(lambda: session.run(None, feed))


def measure(folder: Path, checkpoint: Path, graph: Path, encoder: Path) -> dict[str, Any]:
    samples, bones = read_shards(folder), BodyBones(ASSET)
    hands = read_hands(folder)[0]
    nobody = torch.ones(len(hands), dtype=torch.bool)
    rows = range(len(samples))
    references = np.stack([bone_ends(bones.reference(shape_of(samples, i))) for i in rows])
    palm = read_offsets()[[0, *range(1, 21, 4)]]
    table: dict[str, Any] = {
        "hands": len(samples),
        "detector": detector(samples),
        "geometric": judged(geometric(samples, bones, np.zeros((6, 3))), samples, references),
        "geometric, learned palm": judged(geometric(samples, bones, palm), samples, references),
    }
    if checkpoint.exists():
        network = load_network(checkpoint)
        table["second opinion"] = opinions(hands, network.model)
        for name, read in (("", hands), (" without the picture", without_reading(hands, nobody))):
            stages, falling = descents(read, network)
            for count, answer in enumerate(stages):
                table[f"descent{name}, {count} stages"] = judged(answer, samples, references)
            table[f"share with falling energy{name}"] = falling
    if graph.exists():
        table["exported graph"] = judged(exported(hands, graph), samples, references)
        table["ms"] = {size: milliseconds_of_graph(hands, graph, size) for size in SIZES}
    if encoder.exists():
        table["ms of the encoder"] = {n: milliseconds_of_encoder(encoder, n) for n in SIZES}
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/hands/test"))
    parser.add_argument("--checkpoint", type=Path, default=Path(".cache/runs/hands.pt"))
    parser.add_argument("--graph", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--encoder", type=Path, default=KINDS["hands"].asset)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    files = arguments.checkpoint, arguments.graph, arguments.encoder
    json.dump(measure(arguments.samples, *files), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
