# SPDX-License-Identifier: GPL-3.0-or-later
"""The turns of one person's bones, frame by frame, to those that most likely happened."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.bones import Array
from model_server.clips.agility import agility_of
from model_server.clips.flips import flipped
from model_server.clips.smoothing import Agility, Signals, noise_of, smoothed
from model_server.landmark_names import POSE_LANDMARKS, indices

_HIDDEN: Final = 0.03  # trust in what the detector only guesses
_USUAL: Final = 0.02  # trust in that a hand which is not seen is held as it usually is
_TRUNK: Final = list(
    indices(POSE_LANDMARKS, ["left_shoulder", "right_shoulder", "left_hip", "right_hip"])
)
_OF_HAND: Final = ("lowerarm02", "wrist")  # turned by the hand where it is seen
_BY_BODY: Final = 0.3  # trust in them where it is not
_OF_FACE: Final = ("neck", "head")
_BY_EARS: Final = 0.5  # trust in them where no face is seen


def smoothed_turns(
    rows: NDArray[np.void], bones: Sequence[str], seconds: Array, at: Array
) -> tuple[Array, Array]:
    """Quaternions (M, 1 + B, 4) of the root and of bones at seconds `at` (M,), from rows (N,) of a
    recording at `seconds`; and how far each was believed (N, 1 + B), 0…1.
    """
    turns = np.concatenate([rows["root"][:, None], rows["rotations"]], axis=1).astype(np.float64)
    trust = trust_of(rows, bones)
    flips = flipped(seconds, turns[:, 0])
    trust[flips] = 0
    signals = as_usual(Signals(seconds, continuous(turns, ~flips), trust), bones)
    agility = agility_of(["root", *bones])
    noise = noise_of(signals, agility.noise)
    agility = Agility(agility.restless, noise)
    root, believed = smoothed(*_only(signals, agility, slice(0, 1)), at)
    # Whoever is seen turned round for a moment has all limbs wrong, too.
    sound = believed / np.maximum(trust[:, :1], 1e-6)
    signals = Signals(seconds, signals.values, signals.trust * sound)
    limbs, beliefs = smoothed(*_only(signals, agility, slice(1, None)), at)
    path = np.concatenate([root, limbs], axis=1)
    path /= np.maximum(np.linalg.norm(path, axis=2, keepdims=True), 1e-9)
    return path, np.concatenate([believed, beliefs], axis=1)


def _only(signals: Signals, agility: Agility, which: slice) -> tuple[Signals, Agility]:
    some = Signals(signals.seconds, signals.values[:, which], signals.trust[:, which])
    return some, Agility(agility.restless[which], agility.noise[which])


def continuous(turns: Array, sound: NDArray[np.bool_]) -> Array:
    """Quaternions (N, G, 4) with the signs that are nearest to those of the sound frame before."""
    rows = np.flatnonzero(sound)
    if len(rows) == 0:
        return turns
    steady = turns[rows]
    against = np.einsum("ngi,ngi->ng", steady[1:], steady[:-1]) < 0
    signs = np.cumprod(np.where(against, -1.0, 1.0), axis=0)
    steady[1:] *= signs[..., None]
    # The place among the sound frames of the last one up to each frame.
    before = np.maximum(np.cumsum(sound) - 1, 0)
    against = np.einsum("ngi,ngi->ng", turns, steady[before]) < 0
    return turns * np.where(against, -1.0, 1.0)[..., None]


def trust_of_root(rows: NDArray[np.void]) -> Array:
    """(N,) 0…1, by how well the trunk was seen."""
    return np.maximum(rows["visibility"][:, _TRUNK].mean(axis=1), _HIDDEN).astype(np.float64)


def trust_of(rows: NDArray[np.void], bones: Sequence[str]) -> Array:
    """(N, 1 + B) 0…1, how well rows tell of the root and of bones."""
    sure = rows["confidence"].astype(np.float64)
    trust = np.concatenate([trust_of_root(rows)[:, None], np.maximum(sure, _HIDDEN)], axis=1)
    for i, bone in enumerate(bones, start=1):
        trust[:, i] *= _closer(rows, bone)
    return trust


def _closer(rows: NDArray[np.void], bone: str) -> Any:
    """What closer looks add to the trust in a bone."""
    hand = rows["hands"][:, 0 if bone.endswith(".L") else 1]
    if bone.startswith("finger"):
        return hand
    if bone.startswith(_OF_HAND):
        return _BY_BODY + (1 - _BY_BODY) * hand
    if bone.startswith(_OF_FACE):
        return _BY_EARS + (1 - _BY_EARS) * rows["face"]
    return 1.0


def as_usual(signals: Signals, bones: Sequence[str]) -> Signals:
    """Fingers that are not seen are held as these mostly are; never seen ones stay at rest."""
    values, trust = signals.values.copy(), signals.trust.copy()
    for i, bone in enumerate(bones, start=1):
        unseen = trust[:, i] < _USUAL
        if bone.startswith("finger") and unseen.any():
            values[unseen, i] = _mean_turn(values[:, i], np.where(unseen, 0, trust[:, i]))
            trust[unseen, i] = _USUAL
    return Signals(signals.seconds, values, trust)


def _mean_turn(turns: Array, weights: Array) -> Array:
    """Of quaternions (N, 4) whose signs go together."""
    mean = weights @ turns
    length = float(np.linalg.norm(mean))
    return mean / length if length > 1e-6 else np.array([1.0, 0, 0, 0])
