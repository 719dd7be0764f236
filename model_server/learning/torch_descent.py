# SPDX-License-Identifier: GPL-3.0-or-later
"""A checkpoint of any method in place of the exported descent, in torch. LGD has no other way: its
stages differentiate the energy, which a graph cannot.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.export_onnx import INPUTS, FromPixels
from model_server.learning.training.checkpoint import load_network
from model_server.session import Before, DescentConfig, Evidence, Posed


class TorchDescent:
    """The same answers as of the exported graph, where there is one."""

    def __init__(self, checkpoint: Path) -> None:
        network = load_network(checkpoint)
        phenotypes = tuple(network.body.phenotypes.names)
        self.config = DescentConfig("anny", POSE_BONES[1:], phenotypes, network.config.memory)
        self._network = FromPixels(network).eval()

    @torch.no_grad()
    def run(self, evidence: Evidence, before: Before | None = None) -> Posed:
        before = before or Before.nowhere(len(evidence.focal_px), self.config)
        given = {
            field.name: torch.from_numpy(np.array(getattr(part, field.name), np.float32))
            for part in (evidence, before)
            for field in fields(part)
        }
        answers: tuple[Tensor, ...] = self._network(*(given[name] for name in INPUTS))
        return Posed(*(answer.numpy() for answer in answers))
