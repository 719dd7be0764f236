# SPDX-License-Identifier: GPL-3.0-or-later
"""What is minimised for people whose labels are not known.

People with labels pay for all that is known of them (`losses.trajectory_loss`, full supervision).
The others pay the energy that the descent lowers at run time, at every stage and differentiated
through all stages, so that the network learns to lower it for such people, too. With weak
supervision their true 2D landmarks take the place of the detected ones in that energy; with self-
supervision it sees what the network is given at run time and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal, get_args

import torch
from torch import Tensor

from model_server.learning.network.descent import Descent
from model_server.learning.network.energy import Energy, total
from model_server.learning.network.evidence import Evidence, see
from model_server.learning.network.picture import Sight
from model_server.learning.network.state import LANDMARKS, Posed
from model_server.learning.training.batch import People, sight_of, truth_of
from model_server.learning.training.losses import LossWeights, energy_loss

Regime = Literal["full", "weak", "self"]
REGIMES: Final[tuple[Regime, ...]] = get_args(Regime)


def unlabelled_loss(
    network: Descent, people: People, regime: Regime, weights: LossWeights
) -> Tensor:
    """Scalar for people without labels; of their truth weak supervision reads the 2D landmarks, and
    self-supervision nothing.
    """
    evidence = see(people.detection)
    sight = sight_of(people, evidence)
    stages, energies = network(evidence, sight)
    if regime == "weak":
        marks = truth_of(people, evidence, network.body).points[:, :LANDMARKS]
        energies = energies_by_marks(network.energy, stages, evidence, sight, marks)
    return energy_loss(energies, weights)


def energies_by_marks(
    energy: Energy, stages: list[Posed], evidence: Evidence, sight: Sight, marks: Tensor
) -> Tensor:
    """Energies (M + 1, B) of all stages where the landmarks are known to lie at marks (B, 33, 2) of
    the virtual camera, in extents. What the detector trusted is what counts.
    """
    marked = replace(evidence, points=marks)
    return torch.stack([total(energy(posed, marked, sight)) for posed in stages])
