# SPDX-License-Identifier: GPL-3.0-or-later
"""The body asset's bones for a person's shape, in the reference pose (docs/conventions.md)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.errors import InternalError

Array = NDArray[np.float64]

_REMEMBERED: Final = 16  # shapes: every step from landmarks to a person asks for the same one
_UNSET: Final = 0.5  # of what shapes a body but is no phenotype of ours
_ARRAYS: Final = (
    "variation_mask",
    "variation_projection",
    "bone_heads",
    "shape_bone_heads",
    "bone_tails",
    "rest_matrices",
    "shape_rest_matrices",
    "reference_rotations",
)


@dataclass(frozen=True)
class ReferenceBones:
    """Bones of one shape in the reference pose: body frame, metres."""

    names: Sequence[str]
    parents: Sequence[int]
    heads: Array  # (B, 3)
    tails: Array  # (B, 3)
    turns: Array  # (B, 3, 3) from the body at rest into the reference pose
    rest_heads: Array  # (B, 3) of the body at rest

    def head(self, bone: str) -> Array:
        return self.heads[self.names.index(bone)]

    def tail(self, bone: str) -> Array:
        return self.tails[self.names.index(bone)]

    def turn(self, bone: str) -> Array:
        return self.turns[self.names.index(bone)]

    def ancestors(self, bone: str) -> tuple[str, ...]:
        """Bones between the root and `bone`, in the order from the root."""
        index, above = self.parents[self.names.index(bone)], list[str]()
        while index > 0:
            above.append(self.names[index])
            index = self.parents[index]
        return tuple(reversed(above))


class BodyBones:
    """What the asset says of bones, for any shape."""

    def __init__(self, asset: Path) -> None:
        if not asset.is_file():
            message = f"The body {asset.name} is missing from {asset.parent}."
            raise InternalError(message, "Install the package again.")
        with np.load(asset, allow_pickle=False) as arrays:
            self._meta: dict[str, Any] = json.loads(str(arrays["meta"]))
            self._arrays: dict[str, Array] = {
                name: arrays[name].astype(np.float64) for name in _ARRAYS
            }

        self._cached = lru_cache(maxsize=_REMEMBERED)(self._reference)
        self._cached_coefficients = lru_cache(maxsize=_REMEMBERED)(self._coefficients)

    @property
    def names(self) -> list[str]:
        return self._meta["bone_names"]

    @property
    def parents(self) -> list[int]:
        return self._meta["bone_parents"]

    def reference(self, phenotypes: Mapping[str, float]) -> ReferenceBones:
        """The bones of a body with these phenotypes, turned from the rest to the reference pose."""
        return self._cached(tuple(sorted(phenotypes.items())))

    def _reference(self, phenotypes: tuple[tuple[str, float], ...]) -> ReferenceBones:
        coefficients = self.coefficients(dict(phenotypes))
        rest_heads = self._shaped("bone_heads", coefficients)
        turns = self._turns(coefficients)
        heads = rest_heads.copy()
        for bone, parent in enumerate(self.parents):
            if parent >= 0:
                offset = rest_heads[bone] - rest_heads[parent]
                heads[bone] = heads[parent] + turns[parent] @ offset
        along = self._arrays["bone_tails"] - self._arrays["bone_heads"]
        tails = heads + np.einsum("bij,bj->bi", turns, along)
        return ReferenceBones(self.names, self.parents, heads, tails, turns, rest_heads)

    def _turns(self, coefficients: Array) -> Array:
        """(B, 3, 3) from the rest into the reference pose; the root's offsets stay as they are."""
        rest = nearest_rotations(self._shaped("rest_matrices", coefficients))
        turns = self._arrays["reference_rotations"] @ rest.swapaxes(1, 2)
        turns[0] = np.eye(3)
        return turns

    def _shaped(self, name: str, coefficients: Array) -> Array:
        return self._arrays[name] + np.tensordot(coefficients, self._arrays[f"shape_{name}"], 1)

    def coefficients(self, phenotypes: Mapping[str, float]) -> Array:
        """(K,) of the shape basis."""
        return self._cached_coefficients(tuple(sorted(phenotypes.items())))

    def _coefficients(self, phenotypes: tuple[tuple[str, float], ...]) -> Array:
        return self.products(dict(phenotypes)) @ self._arrays["variation_projection"]

    def products(self, phenotypes: Mapping[str, float]) -> Array:
        """(P,) 0…1, that the coefficients are linear in."""
        names: dict[str, list[str]] = self._meta["variation_names"]
        variations = np.concatenate([self._variations(name, phenotypes) for name in names])
        return np.where(self._arrays["variation_mask"] > 0, variations, 1.0).prod(axis=1)

    def _variations(self, feature: str, phenotypes: Mapping[str, float]) -> Array:
        """How much of each variation of a feature there is; together 1."""
        count = len(self._meta["variation_names"][feature])
        anchors = self._meta["variation_anchors"].get(feature)
        if anchors is None:
            return np.full(count, 1 / count)
        value = phenotypes.get(feature, _UNSET)
        return np.array([np.interp(value, anchors, corner) for corner in np.eye(count)])


def nearest_rotations(matrices: Array) -> Array:
    """The rotations (..., 3, 3) nearest to `matrices` (..., 3, 3)."""
    u, _, vt = np.linalg.svd(matrices)
    signs = np.ones((*matrices.shape[:-2], 3))
    signs[..., 2] = np.linalg.det(u @ vt)
    return (u * signs[..., None, :]) @ vt
