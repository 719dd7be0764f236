# SPDX-License-Identifier: GPL-3.0-or-later
"""HUND without one of its parts, and its relatives: `python -m benchmarks.ablations`.

Every network is trained alike and for as long, on the same people:
`for name in hund no-memory no-loss-inputs …; python -m model_server.learning.training.loop
--method $name --batch 96 --steps 800 --checkpoint .cache/runs/ablations/$name.pt`; names are in
`training/config.py`. Columns are as of `benchmarks/methods.py`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.methods import HEADER, Judge, lines_of
from model_server.learning.encoder.read import read_people
from model_server.learning.training.batch import evidence_and_truth
from model_server.learning.training.checkpoint import load_network
from model_server.learning.training.config import TRAINABLE


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/test_seen_again"))
    parser.add_argument("--runs", type=Path, default=Path(".cache/runs/ablations"))
    arguments = parser.parse_args()
    people = read_people(arguments.samples)[:]
    paths = [arguments.runs / f"{name}.pt" for name in TRAINABLE]
    networks = {path.stem: load_network(path) for path in paths if path.exists()}
    body = next(iter(networks.values())).body
    judge = Judge(evidence_and_truth(people, body)[2], body)
    print(f"{len(people)} people, {HEADER}")
    for name, network in networks.items():
        for line in lines_of(network, name, people, judge):
            print(line)


if __name__ == "__main__":
    main()
