# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions as people make them, out of the 52 ARKit actions.

A face is at rest often, and its parts move in combinations that muscles allow: a mouth does one
thing at a time (and may be ajar with it), brows do one thing, and both eyes look the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.random import Generator

Actions = dict[str, float]
SIDES: Final = ("Left", "Right")
_AT_REST: Final = 0.2  # share of faces that do nothing at all
_ONLY_EYES: Final = 0.15  # share of faces whose eyes alone move
_LOPSIDED: Final = 0.2  # share of two-sided movements that one side makes alone or stronger


def random_expressions(names: Sequence[str], rng: Generator, count: int) -> np.ndarray:
    """Actions (N, A) 0…1 in the order of `names`."""
    rows = [random_expression(rng) for _ in range(count)]
    return np.array([[row.get(name, 0.0) for name in names] for row in rows], np.float32)


def random_expression(rng: Generator) -> Actions:
    """One face; actions that are not named are 0."""
    draw = rng.random()
    if draw < _AT_REST:
        return {}
    actions = _eyes(rng)
    if draw > _AT_REST + _ONLY_EYES:
        if rng.random() < 0.85:
            actions |= _one_of(rng, _MOUTHS)
        if rng.random() < 0.6:
            actions |= _one_of(rng, _BROWS)
    for side in SIDES:  # surprise does not open an eye that is closed
        if f"eyeBlink{side}" in actions:
            actions.pop(f"eyeWide{side}", None)
    return {name: float(np.clip(value, 0, 1)) for name, value in actions.items() if value > 0.01}


def _one_of(
    rng: Generator, kinds: Sequence[tuple[float, Callable[[Generator], Actions]]]
) -> Actions:
    shares = np.array([share for share, _ in kinds])
    return kinds[rng.choice(len(kinds), p=shares / shares.sum())][1](rng)


def _amount(rng: Generator, least: float = 0.05, most: float = 1.0) -> float:
    """Slight more often than strong."""
    return least + (most - least) * float(rng.beta(1.2, 1.5))


def _both(rng: Generator, name: str, amount: float) -> Actions:
    """A movement of both sides, nearly alike mostly, at times of one side."""
    if rng.random() < _LOPSIDED:
        weak, strong = rng.permutation([rng.uniform(0, 0.5), 1.0])
        return {f"{name}Left": amount * float(weak), f"{name}Right": amount * float(strong)}
    return {f"{name}{side}": amount * float(rng.normal(1, 0.06)) for side in SIDES}


def _some(rng: Generator, chance: float, actions: Actions) -> Actions:
    return actions if rng.random() < chance else {}


# Mouths.


def _smile(rng: Generator) -> Actions:
    amount = _amount(rng, 0.1)
    return (
        _both(rng, "mouthSmile", amount)
        | _some(rng, 0.5, _both(rng, "cheekSquint", amount * rng.uniform(0.2, 0.8)))
        | _some(rng, 0.3, _both(rng, "mouthDimple", _amount(rng, 0, 0.5)))
        | _some(rng, 0.15, _both(rng, "mouthPress", _amount(rng, 0, 0.5)))
    )


def _open_smile(rng: Generator) -> Actions:
    amount = _amount(rng, 0.25)
    return _smile(rng) | (
        _both(rng, "mouthSmile", amount)
        | {"jawOpen": float(rng.beta(1.2, 2.5)) * 0.8}
        | _some(rng, 0.8, _both(rng, "mouthUpperUp", _amount(rng, 0.1, 0.7)))
        | _some(rng, 0.6, _both(rng, "mouthLowerDown", _amount(rng, 0.1, 0.7)))
        | _some(rng, 0.3, _both(rng, "mouthStretch", _amount(rng, 0, 0.4)))
    )


def _open(rng: Generator) -> Actions:
    return (
        {"jawOpen": float(rng.uniform(0.05, 1.0))}
        | _some(rng, 0.2, _both(rng, "mouthLowerDown", _amount(rng, 0, 0.6)))
        | _some(rng, 0.2, _both(rng, "mouthUpperUp", _amount(rng, 0, 0.6)))
        | _some(rng, 0.2, _both(rng, "mouthStretch", _amount(rng, 0, 0.6)))
        | _some(rng, 0.12, {"mouthFunnel": _amount(rng, 0.1, 0.8)})
        | _some(rng, 0.12, {"tongueOut": _amount(rng, 0.2)})
    )


def _round(rng: Generator) -> Actions:
    """Pursed lips, a kiss, an o."""
    if rng.random() < 0.55:
        return {"mouthPucker": _amount(rng, 0.1)} | _some(
            rng, 0.3, {"jawOpen": float(rng.uniform(0, 0.3))}
        )
    return {"mouthFunnel": _amount(rng, 0.1), "jawOpen": float(rng.uniform(0, 0.5))}


def _sad(rng: Generator) -> Actions:
    return (
        _both(rng, "mouthFrown", _amount(rng, 0.1))
        | _some(rng, 0.4, {"mouthShrugLower": _amount(rng, 0.1, 0.8)})
        | _some(rng, 0.2, {"mouthShrugUpper": _amount(rng, 0.1, 0.6)})
    )


def _tight(rng: Generator) -> Actions:
    """Lips pressed or drawn in."""
    return _one_of(
        rng,
        [
            (1, lambda r: _both(r, "mouthPress", _amount(r, 0.1))),
            (1, lambda r: {"mouthRollLower": _amount(r, 0.1), "mouthRollUpper": _amount(r)}),
            (0.5, lambda r: {"mouthRollLower": _amount(r, 0.1)}),
            (0.7, lambda r: _both(r, "mouthDimple", _amount(r, 0.1))),
            (0.7, lambda r: {"cheekPuff": _amount(r, 0.2)}),
        ],
    )


def _grimace(rng: Generator) -> Actions:
    return (
        _both(rng, "mouthStretch", _amount(rng, 0.2))
        | _both(rng, "mouthLowerDown", _amount(rng, 0, 0.8))
        | _some(rng, 0.5, _both(rng, "mouthUpperUp", _amount(rng, 0, 0.8)))
        | _some(rng, 0.5, {"jawOpen": float(rng.uniform(0, 0.5))})
        | _some(rng, 0.4, _both(rng, "noseSneer", _amount(rng, 0.1)))
    )


def _aside(rng: Generator) -> Actions:
    side = SIDES[rng.integers(2)]
    part = "mouth" if rng.random() < 0.6 else "jaw"
    return {f"{part}{side}": _amount(rng, 0.1)} | _some(
        rng, 0.3, {"jawOpen": float(rng.uniform(0, 0.4))}
    )


def _sneer(rng: Generator) -> Actions:
    return _both(rng, "noseSneer", _amount(rng, 0.2)) | _some(
        rng, 0.7, _both(rng, "mouthUpperUp", _amount(rng, 0.1))
    )


def _speech(rng: Generator) -> Actions:
    """A moment of talking: the jaw a little open and lips anywhere."""
    jaw = float(rng.uniform(0.02, 0.5))
    return (
        {"jawOpen": jaw}
        | _some(rng, 0.4, {"mouthClose": jaw * float(rng.uniform(0.1, 0.95))})
        | _some(rng, 0.25, {"mouthFunnel": _amount(rng, 0, 0.6)})
        | _some(rng, 0.25, {"mouthPucker": _amount(rng, 0, 0.6)})
        | _some(rng, 0.25, _both(rng, "mouthStretch", _amount(rng, 0, 0.5)))
        | _some(rng, 0.3, _both(rng, "mouthLowerDown", _amount(rng, 0, 0.6)))
        | _some(rng, 0.3, _both(rng, "mouthUpperUp", _amount(rng, 0, 0.6)))
        | _some(rng, 0.15, {"mouthRollLower": _amount(rng, 0, 0.6)})
        | _some(rng, 0.15, _both(rng, "mouthSmile", _amount(rng, 0, 0.5)))
        | _some(rng, 0.1, {"jawForward": _amount(rng, 0, 0.6)})
        | _some(rng, 0.1, {"mouthShrugUpper": _amount(rng, 0, 0.5)})
    )


_MOUTHS: Final = (
    (0.18, _smile),
    (0.2, _open_smile),
    (0.14, _open),
    (0.1, _round),
    (0.08, _sad),
    (0.08, _tight),
    (0.04, _grimace),
    (0.04, _aside),
    (0.03, _sneer),
    (0.17, _speech),
)


# Brows.


def _raised(rng: Generator) -> Actions:
    amount = _amount(rng, 0.1)
    return (
        {"browInnerUp": amount * float(rng.uniform(0.6, 1))}
        | _both(rng, "browOuterUp", amount)
        | _some(rng, 0.5, _both(rng, "eyeWide", amount * rng.uniform(0.2, 1)))
    )


def _worried(rng: Generator) -> Actions:
    return {"browInnerUp": _amount(rng, 0.1)} | _some(
        rng, 0.3, _both(rng, "browDown", _amount(rng, 0, 0.4))
    )


def _one_raised(rng: Generator) -> Actions:
    return {f"browOuterUp{SIDES[rng.integers(2)]}": _amount(rng, 0.2)}


def _knit(rng: Generator) -> Actions:
    amount = _amount(rng, 0.1)
    return _both(rng, "browDown", amount) | _some(
        rng, 0.4, _both(rng, "eyeSquint", amount * rng.uniform(0.2, 1))
    )


_BROWS: Final = ((0.4, _raised), (0.2, _worried), (0.08, _one_raised), (0.32, _knit))


# Eyes.


def _eyes(rng: Generator) -> Actions:
    return _gaze(rng) | _lids(rng)


def _lids(rng: Generator) -> Actions:
    return _one_of(
        rng,
        [
            (0.5, lambda _: {}),
            (0.13, lambda r: _both(r, "eyeBlink", _amount(r, 0.05, 0.6))),  # heavy lids
            (0.1, lambda r: {f"eyeBlink{side}": float(r.uniform(0.85, 1)) for side in SIDES}),
            (0.04, lambda r: {f"eyeBlink{SIDES[r.integers(2)]}": float(r.uniform(0.7, 1))}),
            (0.15, lambda r: _both(r, "eyeSquint", _amount(r, 0.1))),
            (0.08, lambda r: _both(r, "eyeWide", _amount(r, 0.1))),
        ],
    )


def _gaze(rng: Generator) -> Actions:
    """Both eyes look the same way, which for one of them is out and for the other in."""
    if rng.random() < 0.35:
        return {}
    aside, up = float(rng.normal(0, 0.4)), float(rng.normal(-0.05, 0.35))
    towards, away = ("Left", "Right") if aside > 0 else ("Right", "Left")
    actions = {f"eyeLookOut{towards}": abs(aside), f"eyeLookIn{away}": abs(aside)}
    return actions | {f"eyeLook{'Up' if up > 0 else 'Down'}{side}": abs(up) for side in SIDES}
