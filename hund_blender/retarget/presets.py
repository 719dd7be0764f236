# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone maps as files: which bones rigs of one family have for what. docs/bone_maps.md tells all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..errors import MapError
from .shipped import BONE_MAPS
from .slots import CHAINS, MIDDLE, SIDED, SIDES, BoneMap, base, side

FORMAT: Final = 1
SIDE: Final = "{side}"  # in names of bones
LIMBS: Final = ("arm", "leg")
_ASK: Final = "Choose a file that “Save Map” wrote."


class Switch(NamedTuple):
    """A property of a bone that says whether a limb follows its FK or its IK controls."""

    limb: str  # arm.L …
    bone: str
    property: str
    fk: float
    ik: float


class Setting(NamedTuple):
    """A property of a bone that has to have a value for the limb's controls to be followed."""

    limb: str
    bone: str
    property: str
    value: float


@dataclass(frozen=True)
class Preset:
    """The bones of a family of rigs, or of one rig."""

    name: str
    bones: BoneMap
    about: str = ""
    own_twist: bool = False  # the rig itself spreads the twist of hands over forearms
    switches: tuple[Switch, ...] = ()
    settings: tuple[Setting, ...] = ()
    rigid: tuple[Setting, ...] = ()  # with these its IK bends limbs without stretching their bones
    neutral: tuple[str, ...] = ()  # controls to put to rest, for they add to those mapped

    def renamed(self, names: Mapping[str, str]) -> Preset:
        """The same for a rig whose bones have other names; those without one are left out."""
        bones = {
            slot: kept
            for slot, chain in self.bones.items()
            if (kept := tuple(names[name] for name in chain if name in names))
        }
        return Preset(
            self.name,
            bones,
            self.about,
            self.own_twist,
            tuple(s._replace(bone=names[s.bone]) for s in self.switches if s.bone in names),
            tuple(s._replace(bone=names[s.bone]) for s in self.settings if s.bone in names),
            tuple(s._replace(bone=names[s.bone]) for s in self.rigid if s.bone in names),
            tuple(names[name] for name in self.neutral if name in names),
        )

    @property
    def all_names(self) -> Iterator[str]:
        """Every bone it speaks of."""
        for chain in self.bones.values():
            yield from chain
        yield from (switch.bone for switch in self.switches)
        yield from (setting.bone for setting in (*self.settings, *self.rigid))
        yield from self.neutral


@lru_cache(maxsize=1)
def built_in_presets() -> tuple[Preset, ...]:
    """Those that come with the add-on."""
    return tuple(read_presets(BONE_MAPS))


def read_presets(folder: Path) -> Iterator[Preset]:
    """All that can be read in a folder, by name of file."""
    for path in sorted(folder.glob("*.json")):
        try:
            yield read_preset(path)
        except MapError:  # one spoilt file must not hide the others
            continue


def read_preset(path: Path) -> Preset:
    """A preset from a file."""
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise MapError(f"“{path.name}” cannot be read as a bone map.", _ASK) from error


def write_preset(path: Path, preset: Preset) -> None:
    """Write a preset to a file."""
    text = json.dumps(to_json(preset), indent=2, ensure_ascii=False)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise MapError(f"“{path}” cannot be written.", "Choose another folder.") from error


def parse(data: Any) -> Preset:
    """A preset from what its JSON says; MapError where that makes no sense."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise MapError(f"This is no bone map of format {FORMAT}.", _ASK)
    try:
        sides = tuple(data.get("sides", ("", "")))
        return Preset(
            name=str(data["name"]),
            bones=dict(_bones(data["bones"], sides)),
            about=str(data.get("about", "")),
            own_twist=bool(data.get("own_twist", False)),
            switches=tuple(_for_limbs(Switch, data.get("switches", ()), sides)),
            settings=tuple(_for_limbs(Setting, data.get("settings", ()), sides)),
            rigid=tuple(_for_limbs(Setting, data.get("rigid", ()), sides)),
            neutral=tuple(_both(data.get("neutral", ()), sides)),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise MapError(f"The bone map is damaged: {error}", _ASK) from error


def _bones(
    data: Mapping[str, Any], sides: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key, value in data.items():
        names = (value,) if isinstance(value, str) else tuple(value)
        name = base(key)
        if name not in (*MIDDLE, *SIDED):
            raise MapError(f"There is no part of the body called “{key}”.", _ASK)
        if len(names) > 1 and name not in CHAINS:
            raise MapError(f"“{key}” can be one bone only.", _ASK)
        if name in MIDDLE or side(key):
            yield key, names
        else:
            for at, word in zip(SIDES, sides, strict=True):
                yield key + at, tuple(_named(bone, word) for bone in names)


def _named(bone: str, word: str) -> str:
    return bone.replace(SIDE, word)


def _both(names: Iterable[str], sides: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        words = sides if SIDE in name else ("",)
        yield from (_named(name, word) for word in words)


def _for_limbs(
    kind: Any, entries: Iterable[Mapping[str, Any]], sides: tuple[str, ...]
) -> Iterator[Any]:
    for entry in entries:
        if base(entry["limb"]) not in LIMBS:
            raise MapError(f"There is no limb called “{entry['limb']}”.", _ASK)
        if side(entry["limb"]):
            yield kind(**entry)
            continue
        for at, word in zip(SIDES, sides, strict=True):
            both = {"limb": entry["limb"] + at, "bone": _named(entry["bone"], word)}
            yield kind(**{**entry, **both})


def to_json(preset: Preset) -> dict[str, Any]:
    """What `parse` reads, without sides: names as they are on one rig."""
    data: dict[str, Any] = {"format": FORMAT, "name": preset.name, "about": preset.about}
    data["bones"] = {
        slot: chain[0] if len(chain) == 1 else list(chain) for slot, chain in preset.bones.items()
    }
    if preset.own_twist:
        data["own_twist"] = True
    for key in ("switches", "settings", "rigid"):
        entries: tuple[Switch | Setting, ...] = getattr(preset, key)
        if entries:
            data[key] = [entry._asdict() for entry in entries]
    if preset.neutral:
        data["neutral"] = list(preset.neutral)
    return data
