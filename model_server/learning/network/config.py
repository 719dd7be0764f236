# SPDX-License-Identifier: GPL-3.0-or-later
"""What defines a descent network; saved in every checkpoint and in the exported graph."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkConfig:
    stages: int = 5  # descent stages after the first guess
    context: int = 256  # features of the evidence, read once
    memory: int = 256  # recurrent memory carried from stage to stage
    hidden: int = 384  # width of the update network
    context_blocks: int = 5  # residual layers that read the evidence
    stage_blocks: int = 2  # residual layers of a stage
    step: float = 0.1  # scale of an increment, so that an untrained stage moves little
