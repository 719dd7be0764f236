# SPDX-License-Identifier: GPL-3.0-or-later
"""ARKit's 52 facial actions onto the shape keys of other faces, by their names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .arkit import ACTIONS
from .shipped import FACE_MAPS

Array = npt.NDArray[Any]
FaceMap = Mapping[str, Mapping[str, float]]  # by shape key: how much of which action it takes

FORMAT: Final = 1
SHORT_SIDES: Final = (("left", "l"), ("right", "r"))
WITHOUT_SHORT: Final = frozenset({"jawLeft", "jawRight", "mouthLeft", "mouthRight"})


@lru_cache(maxsize=1)
def built_in_face_maps() -> tuple[FaceMap, ...]:
    """Those of families of faces that do not use ARKit's names."""
    return tuple(read_face_map(path) for path in sorted(FACE_MAPS.glob("*.json")))


def read_face_map(path: Path) -> FaceMap:
    data = json.loads(path.read_text(encoding="utf-8"))
    keys: FaceMap = data["keys"]
    if data["format"] != FORMAT or not covered(keys) <= set(ACTIONS):
        raise ValueError(f"{path.name} is no face map of format {FORMAT} with ARKit's actions")
    return keys


def face_map(keys: Iterable[str]) -> FaceMap:
    """What shape keys take of ARKit's actions; nothing for those that are no face's."""
    names = list(keys)
    folded = {name.casefold(): name for name in reversed(names)}
    candidates: list[FaceMap] = [arkit_keys(names)]
    for known in built_in_face_maps():
        forms = {key.casefold(): parts for key, parts in known.items()}
        candidates.append({folded[form]: forms[form] for form in forms.keys() & folded.keys()})
    return max(candidates, key=lambda candidate: len(covered(candidate)))


def covered(candidate: FaceMap) -> set[str]:
    """The actions that a face can do."""
    return {action for parts in candidate.values() for action in parts}


def arkit_keys(names: Iterable[str]) -> FaceMap:
    """Shape keys with ARKit's names, however written: Jaw_Open, A25_Jaw_Open, eyeBlink_L."""
    known = {form: action for action in ACTIONS for form in _forms(action)}
    found: dict[str, Mapping[str, float]] = {}
    for name in names:
        words = [word.casefold() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]
        tails = ["".join(words[start:]) for start in range(len(words))]
        action = next((known[tail] for tail in tails if tail in known), None)
        if action is not None:
            found[name] = {action: 1.0}
    return found


def _forms(action: str) -> Iterable[str]:
    """An action in lower case, with its side written out and short."""
    whole = action.casefold()
    yield whole
    for long, short in SHORT_SIDES:
        if whole.endswith(long) and len(whole) > len(long) and action not in WITHOUT_SHORT:
            yield whole.removesuffix(long) + short


def key_values(keys: FaceMap, actions: Mapping[str, Array]) -> dict[str, Array]:
    """Values (F,) of shape keys for actions (F,), 0…1; without keys that none of them is for."""
    found = {}
    for key, parts in keys.items():
        shares = [weight * actions[action] for action, weight in parts.items() if action in actions]
        if shares:
            found[key] = np.clip(np.sum(shares, 0), 0.0, 1.0)
    return found


def mirrored_actions(actions: Mapping[str, Array]) -> dict[str, Array]:
    """The same of the mirrored face."""
    swapped = {}
    for action, values in actions.items():
        other = re.sub("Left$|Right$", lambda m: "Right" if m[0] == "Left" else "Left", action)
        swapped[other] = values
    return swapped
