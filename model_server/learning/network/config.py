# SPDX-License-Identifier: GPL-3.0-or-later
"""What defines a method of the family; saved in every checkpoint and in the exported graph.

All of them share the evidence, the body and the training. They differ in what a stage sees beside
the state and the context: HUND sees how its body disagrees with the evidence and remembers, LGD
sees the gradient of the energy, HMR sees nothing else, and the plain regressor has no stages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

RESIDUALS: Final = "residuals"  # of both opinions on the landmarks, and of the depth hints
ALIGNMENT: Final = "alignment"  # how the body parts miss their pixels
PRIOR: Final = "prior"  # the pose in the latent space of the prior
ENERGIES: Final = "energies"  # every term of the energy
GRADIENT: Final = "gradient"  # of the energy with respect to the state


@dataclass(frozen=True)
class NetworkConfig:
    stages: int = 5  # descent stages after the first guess
    sees: tuple[str, ...] = (RESIDUALS, ALIGNMENT, PRIOR, ENERGIES)  # what stages see
    reads_picture: bool = True  # the image encoder's features and second opinion
    context: int = 256  # features of the evidence, read once
    memory: int = 256  # recurrent memory carried from stage to stage; 0 for none
    hidden: int = 384  # width of the update network
    context_blocks: int = 5  # residual layers that read the evidence
    stage_blocks: int = 2  # residual layers of a stage
    step: float = 0.1  # scale of an increment, so that an untrained stage moves little


METHODS: Final = {
    "hund": NetworkConfig(),
    "lgd": NetworkConfig(stages=4, sees=(GRADIENT,), memory=0),
    "hmr": NetworkConfig(stages=3, sees=(), memory=0),
    "mlp": NetworkConfig(stages=0, memory=0, context_blocks=10),
}
