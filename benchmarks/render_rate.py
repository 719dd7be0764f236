# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU milliseconds per training picture: `python -m benchmarks.render_rate .cache/data/base`."""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from model_server.learning.rendering import Camera, DressedRenderer, PosedPerson

SIZE, COUNT = 320, 64
FACING = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


def milliseconds_per_picture(data: Path) -> float:
    """Looks, posing, drawing, surroundings and faults, in batches of 32; CPU time, not clock."""
    renderer = DressedRenderer(data, SIZE)
    rng = np.random.default_rng(0)
    people = [
        PosedPerson(
            dict(zip(renderer.body.phenotype_names, rng.random(6), strict=True)),
            {},
            FACING,
            np.array([0, 0, 3.0]),
        )
        for _ in range(COUNT)
    ]
    cameras = [Camera(420.0, (SIZE / 2, SIZE / 2))] * 32
    began = 0.0
    for part in (people[:32], people[:32], people[32:]):  # the first batch compiles shaders
        looks = [renderer.sample_look(person.phenotypes, rng) for person in part]
        renderer.render_batch(part, cameras, looks, rng)
        began = began or time.process_time()
    return (time.process_time() - began) / COUNT * 1000


if __name__ == "__main__":
    print(f"{milliseconds_per_picture(Path(sys.argv[1])):.1f} ms a picture")
