# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kinematic priors know: `python -m benchmarks.priors`, with pictures by `--sheets DIR`.

Bodies are judged on recorded poses of subjects and clips that neither weights nor settings were
chosen by. Hands have no recordings; theirs are new draws of the sampler that taught them.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
import torch
from PIL import Image
from torch import Tensor, nn

from model_server.learning.mocap import look
from model_server.learning.mocap.library import Library
from model_server.learning.priors import BODY_FLOW, HAND_FLOW, PoseFlow, load_flow
from model_server.learning.priors.body_poses import (
    held_out_poses,
    moving_frames,
    recorded,
    sound_runs,
)
from model_server.learning.priors.dynamics import (
    LatentDynamics,
    Moments,
    load_dynamics,
    log_density,
)
from model_server.learning.priors.flow import log_normal
from model_server.learning.priors.hand_poses import HandSampler
from model_server.learning.priors.look import COLUMNS, body_tiles, hand_tiles
from model_server.learning.priors.measures import (
    auc,
    joint_path,
    joints_shuffled,
    largest_step,
    latent_path,
    roughness,
)
from model_server.learning.priors.pose_space import widened
from model_server.learning.priors.train import STRIDES, clip_moments, moment_key

SEED: Final = 7
HANDS: Final = 3000
PAIRS: Final = 400
PATH: Final = 16  # steps
FINER: Final = 4  # times as many steps: a path that does not jump has steps as many times shorter
SHEET: Final = 64
TURNS: Final = (2.0, 5.0, 10.0, 20.0)  # degrees

Report = dict[str, float | dict[str, float]]


@torch.no_grad()
def measure(flow: PoseFlow, held_out: Tensor) -> Report:
    """Numbers of one flow for held-out rotations (N, J, 3, 3)."""
    generator = torch.Generator().manual_seed(SEED)
    shuffled = joints_shuffled(held_out, generator)
    nats, shuffled_nats = flow.log_prob(held_out), flow.log_prob(shuffled)
    energy, shuffled_energy = flow.prior_energy(held_out), flow.prior_energy(shuffled)
    sampled = flow.sample(len(held_out), generator)
    degrees = 3 * len(flow.bones)
    latents = flow.to_latent(widened(held_out, flow.noise, generator))
    return {
        "poses": len(held_out),
        "weights_mb": sum(value.numel() * 4 for value in flow.state_dict().values()) / 1e6,
        "auc_log_prob": auc(nats, shuffled_nats),
        "auc_energy": auc(-energy, -shuffled_energy),
        "bits_above_uniform_per_angle": (nats.mean() / math.log(2) / degrees).item(),
        "nats": nats.mean().item(),
        "nats_shuffled": shuffled_nats.mean().item(),
        "nats_sampled": flow.log_prob(sampled).mean().item(),
        "energy": energy.mean().item(),
        "energy_widened": latents.square().mean().item(),
        "energy_turned": {
            f"{angle:.0f}_degrees": energy_turned(flow, held_out, angle, generator)
            for angle in TURNS
        },
        "energy_shuffled": shuffled_energy.mean().item(),
        "largest_latent_mean": latents.mean(0).abs().max().item(),
        "interpolation": interpolation(flow, held_out, generator),
        "ms_energy_for_1": milliseconds(flow),
    }


def energy_turned(
    flow: PoseFlow, held_out: Tensor, degrees: float, generator: torch.Generator
) -> float:
    """Mean energy when every joint is turned by about this much about a random axis."""
    turned = widened(held_out, math.radians(degrees / math.sqrt(3)), generator)
    return flow.prior_energy(turned).mean().item()


def interpolation(flow: PoseFlow, held_out: Tensor, generator: torch.Generator) -> dict[str, float]:
    """Straight lines between latents of random pairs, beside joints that turn evenly."""
    start, end = (
        held_out[torch.randint(len(held_out), (PAIRS,), generator=generator)] for _ in range(2)
    )
    path, finer = (latent_path(flow, start, end, PATH * times) for times in (1, FINER))
    even = joint_path(start, end, PATH)
    rough, middle = roughness(path), PATH // 2
    return {
        "roughness_median": rough.median().item(),
        "roughness_95": rough.quantile(0.95).item(),
        "roughness_largest": rough.max().item(),
        "finer_steps_ratio": (largest_step(finer) / largest_step(path)).mean().item() * FINER,
        "nats_at_middle": flow.log_prob(path[middle]).mean().item(),
        "nats_at_middle_of_even_joints": flow.log_prob(even[middle]).mean().item(),
    }


class Energy(nn.Module):
    """What a descent asks of the flow."""

    def __init__(self, flow: PoseFlow) -> None:
        super().__init__()
        self.flow = flow

    def forward(self, rotations: Tensor) -> Tensor:
        return self.flow.prior_energy(rotations)


def milliseconds(flow: PoseFlow) -> float:
    """Median time of the energy of one person in ONNX Runtime on one core."""
    rotations = flow.sample(1, torch.Generator().manual_seed(SEED))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "energy.onnx")
        torch.onnx.export(
            Energy(flow).eval(),
            (rotations,),
            path,
            input_names=["rotations"],
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed, times = {"rotations": rotations.numpy()}, []
    for _ in range(300):
        began = time.perf_counter()
        session.run(None, feed)
        times.append(time.perf_counter() - began)
    return 1000 * float(np.median(times))


@torch.no_grad()
def motion(flow: PoseFlow, dynamics: LatentDynamics, library: Library) -> Report:
    """Nats per frame of held-out clips given the two frames before, at several frame rates."""
    seen = {each.seconds: each for each in clip_moments(flow, library, moving_frames(library))}
    runs = sound_runs(library, library.of_split("test"), 2 * max(STRIDES) + 1)
    clips = [flow.to_latent(recorded(library, frames_of(library, run))) for run in runs]
    rates = [library.clips[library.clip[run.start]].frame_rate for run in runs]
    return {
        f"at_{rates[0] / stride:.0f}_fps": motion_at(dynamics, clips, rates, stride, seen)
        for stride in STRIDES
    }


def motion_at(
    dynamics: LatentDynamics,
    clips: list[Tensor],
    rates: list[float],
    stride: int,
    seen: dict[float, Moments],
) -> dict[str, float]:
    """As `motion`, for every stride-th frame; `seen` are the moments of the training clips."""
    thinned = [clip[::stride] for clip in clips]
    surprise = torch.cat(
        [dynamics.surprise(clip, rate / stride) for clip, rate in zip(thinned, rates, strict=True)]
    )
    *_, variance = dynamics.prediction(stride / rates[0])
    steps = torch.cat([clip[2:] - clip[1:-1] for clip in thinned])
    frames = torch.cat([clip[2:] for clip in thinned])
    products = seen[moment_key(stride / rates[0])].products
    walk = products[:, 1, 1] + products[:, 2, 2] - 2 * products[:, 1, 2]
    ours = log_density(surprise, torch.ones_like(variance)) - 0.5 * variance.log()
    return {
        "frames": len(surprise),
        "motion_energy": surprise.square().mean().item(),
        "nats": ours.sum(1).mean().item(),
        # Yardsticks: a random walk with the steps of the training clips at this very rate, one with
        # the steps of these clips themselves, and poses without any order.
        "nats_random_walk": log_density(steps, walk).sum(1).mean().item(),
        "nats_random_walk_of_these": log_density(steps, steps.square().mean(0))
        .sum(1)
        .mean()
        .item(),
        "nats_single_poses": log_normal(frames).mean().item(),
    }


def frames_of(library: Library, run: slice) -> np.ndarray:
    chosen = np.zeros(len(library.clip), np.bool_)
    chosen[run] = True
    return chosen


def save_sheets(folder: Path, body: PoseFlow, hand: PoseFlow, held_out: Tensor) -> None:
    """Samples at temperature 1, recorded poses beside them, and latent interpolations."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(SEED)
    pick = torch.randint(len(held_out), (SHEET,), generator=generator)
    with torch.no_grad():
        paths = latent_path(body, held_out[pick[:8]], held_out[pick[8:16]], COLUMNS - 1)
        bodies, hands = body.sample(SHEET, generator), hand.sample(SHEET, generator)
    pictures: dict[str, Callable[[], list[np.ndarray]]] = {
        "bodies": lambda: body_tiles(bodies),
        "recorded": lambda: body_tiles(held_out[pick]),
        "between": lambda: body_tiles(paths.transpose(0, 1).flatten(0, 1)),
        "hands": lambda: hand_tiles(hands),
    }
    for name, paint in pictures.items():
        Image.fromarray(look.sheet(paint(), COLUMNS)).save(folder / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description="What the kinematic priors know.")
    parser.add_argument("--body", type=Path, default=BODY_FLOW)
    parser.add_argument("--hand", type=Path, default=HAND_FLOW)
    parser.add_argument("--sheets", type=Path, help="folder for pictures")
    arguments = parser.parse_args()
    body, hand, library = load_flow(arguments.body), load_flow(arguments.hand), Library.load()
    held_out = held_out_poses(library)
    hands = torch.from_numpy(HandSampler.of_adult().sample(np.random.default_rng(SEED), HANDS))
    report = {
        "body": measure(body, held_out),
        "hand": measure(hand, hands),
        "motion": motion(body, load_dynamics(), library),
    }
    json.dump(report, sys.stdout, indent=1)
    if arguments.sheets:
        save_sheets(arguments.sheets, body, hand, held_out)


if __name__ == "__main__":
    main()
