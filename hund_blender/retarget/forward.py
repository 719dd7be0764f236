# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones' own transforms to where they are, for rigs whose bones just follow their parents."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .description import RigDescription

Array = npt.NDArray[Any]


def forward(rig: RigDescription, basis: Array) -> Array:
    """Matrices (F, B, 4, 4) in armature space of own transforms (F, B, 4, 4)."""
    matrices = np.empty_like(basis)
    rest = [rig.rest_matrix(bone) for bone in range(len(rig.names))]
    for bone, parent in enumerate(rig.parents):
        if parent < 0:
            matrices[:, bone] = rest[bone] @ basis[:, bone]
            continue
        offset = np.linalg.solve(rest[parent], rest[bone])
        matrices[:, bone] = matrices[:, parent] @ offset @ basis[:, bone]
    return matrices
