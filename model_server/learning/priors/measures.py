# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a prior knows poses: told apart from shuffled ones, and smooth between them."""

from __future__ import annotations

import torch
from torch import Tensor

from model_server.learning.body.rotations import angle_between
from model_server.learning.mocap import so3
from model_server.learning.priors.pose_flow import PoseFlow


def joints_shuffled(rotations: Tensor, generator: torch.Generator) -> Tensor:
    """Rotations (N, J, 3, 3) where every joint comes from another pose of the same set: each joint
    is as usual, and only how they go together is wrong."""
    orders = [
        torch.randperm(len(rotations), generator=generator) for _ in range(rotations.shape[1])
    ]
    return torch.stack([rotations[order, joint] for joint, order in enumerate(orders)], 1)


def auc(higher: Tensor, lower: Tensor) -> float:
    """Share of pairs in which a score of `higher` (N,) is above one of `lower` (M,): the area
    under the ROC curve."""
    ranks = torch.cat([higher, lower]).argsort().argsort().double() + 1
    count = len(higher)
    above = ranks[:count].sum() - count * (count + 1) / 2
    return (above / (count * len(lower))).item()


def latent_path(flow: PoseFlow, start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Poses (steps + 1, N, J, 3, 3) on the straight lines between the latents of two sets."""
    shares = torch.linspace(0, 1, steps + 1)[:, None, None]
    latents = torch.lerp(flow.to_latent(start), flow.to_latent(end), shares)
    return flow.from_latent(latents)


def joint_path(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Poses (steps + 1, N, J, 3, 3) with every joint turning evenly the short way."""
    shares = torch.linspace(0, 1, steps + 1).numpy()[:, None, None]
    return torch.from_numpy(so3.between(start.numpy(), end.numpy(), shares)).float()


def largest_step(path: Tensor) -> Tensor:
    """(N,) the largest turn of any joint between neighbours of a path (S + 1, N, J, 3, 3)."""
    return angle_between(path[:-1], path[1:]).amax((0, 2))


def roughness(path: Tensor) -> Tensor:
    """(N,) the largest step of a path (S + 1, N, J, 3, 3) relative to the even steps of the joint
    that has to turn furthest: 1 where joints turn evenly, more where a pose jumps."""
    furthest = angle_between(path[0], path[-1]).amax(-1)
    return largest_step(path) * (len(path) - 1) / furthest
