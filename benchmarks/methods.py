# SPDX-License-Identifier: GPL-3.0-or-later
"""HUND beside its relatives and the classic fit: `python -m benchmarks.methods`.

All on the same held-out people (`benchmarks/fit.py` says which), the same evidence and the same
body, each trained by `python -m model_server.learning.training.loop --method NAME`. Errors in mm:
PA-MPJPE and MPJPE over 12 limb joints, PVE over all vertices, aligned at the root. "falls" is the
share of people whose energy falls with every stage. Times are torch's on this machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.encoder.read import read_people
from model_server.learning.network.config import METHODS
from model_server.learning.network.descent import Descent
from model_server.learning.network.evidence import Evidence
from model_server.learning.network.gradient_fit import fit
from model_server.learning.network.picture import Sight
from model_server.learning.network.state import Posed
from model_server.learning.samples.look_again import plain_world
from model_server.learning.training.batch import People, Truth, evidence_and_truth
from model_server.learning.training.checkpoint import load_network
from model_server.learning.training.metrics import LIMB_JOINTS, POSE_LIMBS, mpjpe, pa_mpjpe

GRADIENT_STEPS: Final = (20, 50, 100, 200)
SIZES: Final = (1, 32)
CHUNK: Final = 100
HEADER: Final = "then PA-MPJPE, MPJPE, PVE in mm, share whose energy falls, ms for 1 and 32"


@dataclass(frozen=True)
class Line:
    name: str
    pa_mpjpe_mm: float
    mpjpe_mm: float
    pve_mm: float
    falls: float
    ms: tuple[float, ...]  # per person, for each of SIZES

    def __str__(self) -> str:
        times = "  ".join(f"{value:7.2f}" for value in self.ms)
        return (
            f"{self.name:<22} {self.pa_mpjpe_mm:7.1f} {self.mpjpe_mm:7.1f} {self.pve_mm:7.1f} "
            f"{100 * self.falls:6.1f} %  {times}"
        )


class Judge:
    """Knows the truth."""

    def __init__(self, truth: Truth, body: LandmarkModel) -> None:
        self.full = BodyModel()
        self.rows = [body.names.index(f"coco:{joint}") for joint in LIMB_JOINTS]
        self.true_joints = truth.landmarks[:, self.rows]
        self.true_vertices = self.vertices(truth.phenotypes, truth.rotations)

    def vertices(self, phenotypes: Tensor, rotations: Tensor) -> Tensor:
        """All vertices (N, V, 3), metres from the root's head, in half precision."""
        bones = [self.full.bone_names.index(name) for name in POSE_BONES]
        parts = []
        for shape, turns in zip(phenotypes.split(CHUNK), rotations.split(CHUNK), strict=True):
            every = torch.eye(3).repeat(len(shape), len(self.full.bone_names), 1, 1)
            every[:, bones] = turns
            vertices, heads = self.full(shape, every)
            parts.append((vertices - heads[:, :1]).half())
        return torch.cat(parts)

    def line(self, name: str, posed: Posed, energies: Tensor, ms: tuple[float, ...]) -> Line:
        joints = posed.landmarks[:, self.rows]
        vertices = self.vertices(posed.phenotypes, posed.rotations)
        apart = (vertices.float() - self.true_vertices.float()).norm(dim=2)
        falls = (energies.diff(dim=0) <= 0).all(0).float().mean().item() if len(energies) > 1 else 1
        return Line(
            name,
            pa_mpjpe(joints, self.true_joints).mean().item(),
            mpjpe(joints, self.true_joints).mean().item(),
            1000 * apart.mean().item(),
            falls,
            ms,
        )


def milliseconds(run: Callable[[People], object], people: People, rounds: int) -> tuple[float, ...]:
    """Milliseconds per person for each of SIZES."""
    times = []
    for size in SIZES:
        some = people[:size]
        run(some)
        began = time.perf_counter()
        for _ in range(rounds):
            run(some)
        times.append(1000 * (time.perf_counter() - began) / rounds / size)
    return tuple(times)


def run_all(network: Descent, people: People, stages: int | None) -> tuple[list[Posed], Tensor]:
    evidence, sight, _ = evidence_and_truth(people, network.body)
    return network(evidence, sight, stages)


@torch.no_grad()
def lines_of(network: Descent, name: str, people: People, judge: Judge) -> list[Line]:
    """A method after its own number of stages; HUND after every number from 0 to M + 2."""
    own = network.config.stages
    posed, energies = run_all(network, people, own + 2 if name == "hund" else own)
    counts = range(own + 3) if name == "hund" else [own]
    return [
        judge.line(
            f"{name}, {count} stages",
            posed[count],
            energies[: count + 1],
            milliseconds(lambda some, n=count: run_all(network, some, n), people, 20),
        )
        for count in counts
    ]


def gradient_lines(
    network: Descent, people: People, evidence: Evidence, sight: Sight, judge: Judge
) -> list[Line]:
    def fitted(some: People, steps: Sequence[int]) -> list[Posed]:
        seen, read, _ = evidence_and_truth(some, network.body)
        return fit(network.mean_state, seen, read, network.body, steps)

    network.requires_grad_(False)
    results = fit(network.mean_state, evidence, sight, network.body, GRADIENT_STEPS)
    none = torch.zeros(1, len(people))
    return [
        judge.line(
            f"Adam, {steps} steps",
            posed,
            none,
            milliseconds(lambda some, n=steps: fitted(some, (n,)), people, 2),
        )
        for steps, posed in zip(GRADIENT_STEPS, results, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/test_seen_again"))
    parser.add_argument("--runs", type=Path, default=Path(".cache/runs"))
    parser.add_argument("--people", type=int, default=10_000)
    arguments = parser.parse_args()
    people = read_people(arguments.samples)[: arguments.people]
    networks = {
        name: load_network(path)
        for name in METHODS
        if (path := arguments.runs / f"{name}.pt").exists()
    }
    hund = networks["hund"]
    with torch.no_grad():
        evidence, sight, truth = evidence_and_truth(people, hund.body)
        judge = Judge(truth, hund.body)
    print(f"{len(people)} people, {HEADER}")
    plain = torch.from_numpy(plain_world(arguments.samples)[: arguments.people])
    for name, world in (("detector", plain), ("its best look", people.detection.world)):
        print(f"{name:<22} {pa_mpjpe(world[:, POSE_LIMBS], judge.true_joints).mean():7.1f}")
    for name, network in networks.items():
        for line in lines_of(network, name, people, judge):
            print(line)
    for line in gradient_lines(hund, people, evidence, sight, judge):
        print(line)


if __name__ == "__main__":
    main()
