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

FEATURES: Final = "features"  # of the picture as a whole
PARTS: Final = "parts"  # maps of the body parts
HEAT: Final = "heat"  # the second opinion on where the landmarks are

# What the energy is made of, and how much each counts. Reprojection leads; the encoder's second
# opinion, the part maps, the detector's depth hints and the turns of head and hands follow; a usual
# pose and an average shape are preferred where nothing speaks against them.
TERMS: Final = {
    "reprojection": 1.0,
    "second": 0.5,
    "depth": 0.3,
    "ends": 0.2,
    "cover": 0.3,
    "stay": 0.3,
    "pose": 0.05,
    "shape": 0.02,
}


@dataclass(frozen=True)
class NetworkConfig:
    stages: int = 5  # descent stages after the first guess
    sees: tuple[str, ...] = (RESIDUALS, ALIGNMENT, PRIOR, ENERGIES)  # what stages see
    reads: tuple[str, ...] = (FEATURES, PARTS, HEAT)  # what it is told of the picture
    terms: tuple[str, ...] = tuple(TERMS)  # what its energy is made of
    context: int = 256  # features of the evidence, read once
    memory: int = 256  # recurrent memory carried from stage to stage; 0 for none
    hidden: int = 384  # width of the update network
    context_blocks: int = 5  # residual layers that read the evidence
    stage_blocks: int = 2  # residual layers of a stage
    safeguarded: bool = True  # a step that would raise the energy is not taken
    step: float = 0.1  # scale of an increment, so that an untrained stage moves little


METHODS: Final = {
    "hund": NetworkConfig(),
    "lgd": NetworkConfig(stages=4, sees=(GRADIENT,), memory=0, safeguarded=False),
    "hmr": NetworkConfig(stages=3, sees=(), memory=0, safeguarded=False),
    "mlp": NetworkConfig(stages=0, memory=0, context_blocks=10, safeguarded=False),
}

# HUND without one of its parts, to see what the part is good for.
ABLATIONS: Final = {
    "no-memory": NetworkConfig(memory=0),
    "no-safeguard": NetworkConfig(safeguarded=False),
    "no-loss-inputs": NetworkConfig(sees=()),
    "no-parts": NetworkConfig(
        sees=(RESIDUALS, PRIOR, ENERGIES),
        reads=(FEATURES, HEAT),
        terms=tuple(term for term in TERMS if term not in ("cover", "stay")),
    ),
    "no-prior": NetworkConfig(
        sees=(RESIDUALS, ALIGNMENT, ENERGIES),
        terms=tuple(term for term in TERMS if term != "pose"),
    ),
    "no-features": NetworkConfig(reads=(PARTS, HEAT)),
    "no-picture": NetworkConfig(reads=()),
    "two-stages": NetworkConfig(stages=2),
    "ten-stages": NetworkConfig(stages=10),
}
