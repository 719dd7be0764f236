# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses that the body flow draws, for machines without the recorded ones: `python -m
benchmarks.draw_poses`.

Every third stands: its legs stay at rest, so that there are soles on a floor.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from model_server.learning.mocap import so3
from model_server.learning.priors.pose_flow import BODY_FLOW, load_flow

OUT: Final = Path(__file__).parent / "drawn_poses.json"
COUNT: Final = 12
TEMPERATURE: Final = 0.5  # what the flow draws is as fine as its noise, elbows are finer
TURN_RAD: Final = 0.15  # of the whole body, about any axis
LEGS: Final = ("upperleg", "lowerleg", "foot")


@torch.no_grad()
def draw(seed: int = 0) -> dict[str, Any]:
    """Bones and quaternions (COUNT, bones, 4), w first, relative to parents, the root's first."""
    flow, generator = load_flow(BODY_FLOW), torch.Generator().manual_seed(seed)
    bones = ("root", *flow.bones)
    joints = so3.to_quaternion(flow.sample(COUNT, generator, TEMPERATURE).double().numpy())
    half = TURN_RAD / 2 * torch.randn(COUNT, 1, 3, generator=generator).double().numpy()
    root = np.concatenate([np.sqrt(1 - np.sum(half**2, -1, keepdims=True)), half], -1)
    poses = np.concatenate([root, joints], 1)
    at_rest = [index for index, bone in enumerate(bones) if bone.startswith(LEGS)]
    poses[::3, [0, *at_rest]] = (1, 0, 0, 0)
    return {"bones": bones, "quaternions": poses.round(5).tolist()}


def main() -> None:
    OUT.write_text(json.dumps(draw()) + "\n")


if __name__ == "__main__":
    main()
