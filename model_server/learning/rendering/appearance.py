# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person looks like: skin, hair, clothes and light, drawn from a random generator. No OpenGL
here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from model_server.learning.rendering import palette

_PULL_M = {
    "lower": 0.012,
    "upper": 0.018,
    "skirt": 0.020,
    "suit": 0.015,
    "shoes": 0.010,
    "hair": 0.010,
    "hat": 0.015,
}

Cut = tuple[float, float, float, float]  # see `shaders/cut.glsl`


@dataclass(frozen=True)
class Lighting:
    """Directions point to the light, camera frame; colours are linear intensities."""

    key_to: np.ndarray
    key_colour: np.ndarray
    fill_to: np.ndarray
    fill_colour: np.ndarray
    sky_colour: np.ndarray
    ground_colour: np.ndarray
    up: np.ndarray
    noise_shift: np.ndarray


@dataclass(frozen=True)
class Material:
    """Shader inputs of one layer; `cut` trims painted garments (see `shaders/cut.glsl`)."""

    uniforms: Mapping[str, object]
    depth_pull_m: float = 0.0
    cut: Cut | None = None


@dataclass(frozen=True)
class Worn:
    """A layer by name, its material, and how far it stands off along its normals."""

    layer: str
    material: Material
    inflate_m: float = 0.0


@dataclass(frozen=True)
class Look:
    """Everything visible about a person except shape, pose and surroundings. Layers go from the
    outermost to the skin."""

    worn: tuple[Worn, ...]
    lighting: Lighting


def sample_look(
    rng: Generator, names_of_slot: Mapping[str, Sequence[str]], phenotypes: Mapping[str, float]
) -> Look:
    """A random look; hair, beards and skirts lean to the person's age and gender, loosely."""
    age, gender = phenotypes.get("age", 0.6), phenotypes.get("gender", 0.5)
    hair = palette.hair_colour(rng, age)
    worn = _head(rng, names_of_slot, hair, age, gender)
    worn += _clothes(rng, names_of_slot, gender)
    worn.append(Worn("skin", _skin(rng, hair, age, gender)))
    return Look(tuple(worn), sample_lighting(rng))


def sample_lighting(rng: Generator) -> Lighting:
    """Key, fill and a two-tone ambient, exposed as cameras do; now and then flat, hard, coloured or
    from behind."""
    behind = rng.random() < 0.15
    key, fill, ambient = rng.uniform(0.3, 1.5), rng.uniform(0.0, 0.6), rng.uniform(0.25, 0.9)
    exposure = (
        np.exp(rng.normal(0.0, 0.3))
        * 1.35
        / ((0.2 if behind else 0.6) * key + 0.4 * fill + 0.8 * ambient)
    )
    sky = exposure * ambient * palette.light_tint(rng, 0.15)
    return Lighting(
        key_to=_direction(rng, behind),
        key_colour=exposure * key * palette.light_tint(rng, 0.2),
        fill_to=_direction(rng, behind=rng.random() < 0.3),
        fill_colour=exposure * fill * palette.light_tint(rng, 0.3),
        sky_colour=sky,
        ground_colour=sky * rng.uniform(0.3, 0.9) * palette.light_tint(rng, 0.2),
        up=np.array([0.0, -1.0, 0.0]),
        noise_shift=rng.random(3),
    )


def _direction(rng: Generator, behind: bool) -> np.ndarray:
    """A unit vector to a light, mostly from above; camera frame."""
    side, height, depth = rng.normal(0, 0.8), -abs(rng.normal(0.6, 0.5)), abs(rng.normal(0.7, 0.4))
    vector = np.array([side, height, depth if behind else -depth])
    return vector / max(np.linalg.norm(vector), 1e-6)


def _skin(rng: Generator, hair: np.ndarray, age: float, gender: float) -> Material:
    skin = palette.skin_colour(rng)
    man = gender < 0.5 and age > 0.55
    beard = rng.uniform(0.1, 0.95) if man and rng.random() < 0.5 else 0.0
    lip = skin * np.array([0.95, 0.55, 0.6]) * rng.uniform(0.7, 1.0)
    if gender > 0.5 and age > 0.5 and rng.random() < 0.3:
        lip = np.array([0.45, 0.04, 0.07]) * rng.uniform(0.5, 1.3, 3)
    dark_hair = np.minimum(hair * 0.6, skin * 0.7)
    return Material(
        {
            "base_colour": skin,
            "lip_colour": lip,
            "iris_colour": palette.iris_colour(rng),
            "brow_colour": dark_hair,
            "brow": (
                rng.uniform(0.5, 1.0),
                rng.uniform(0.003, 0.0065),
                rng.uniform(0.002, 0.008),
                0.052,
            ),
            "stubble": (
                beard,
                0.0 if rng.random() < 0.1 else 0.95,
                rng.uniform(0, 0.3),
                rng.uniform(0, 1),
            ),
            "gloss": np.float32(rng.uniform(0.0, 0.12)),
            "wrap": np.float32(0.25),
        },
    )


def _clothes(rng: Generator, names: Mapping[str, Sequence[str]], gender: float) -> list[Worn]:
    """A modelled suit, or painted garments; shoes most of the time."""
    worn = []
    if names.get("suit") and rng.random() < 0.5:
        fitting = [n for n in names["suit"] if n.startswith("female") == (gender > 0.5)]
        name = rng.choice(fitting if rng.random() < 0.8 and fitting else names["suit"])
        worn.append(Worn(str(name), _cloth(rng, _PULL_M["suit"]), rng.uniform(0.0, 0.004)))
    else:
        worn += _painted_clothes(rng, gender)
    if names.get("shoes") and rng.random() < 0.85:
        worn.append(
            Worn(str(rng.choice(names["shoes"])), _cloth(rng, _PULL_M["shoes"], plain=True))
        )
    return worn


def _painted_clothes(rng: Generator, gender: float) -> list[Worn]:
    """Lengths are heights on the template body (crotch -0.06, knee -0.42, ankle -0.76; waist 0.2,
    neck 0.55)."""
    waist = rng.uniform(0.10, 0.22)
    bare = rng.random() < 0.12
    hem = rng.choice([rng.uniform(-0.78, -0.70), rng.uniform(-0.5, -0.15)], p=[0.6, 0.4])
    if bare:
        hem = rng.uniform(-0.12, -0.02)
    loose = abs(rng.normal(0, 0.012))
    trousers = Worn("lower", _cloth(rng, _PULL_M["lower"], cut=(hem, waist, -0.5, 9.0)), loose)
    worn = []
    if not (bare and gender < 0.5):
        sleeve = rng.choice(
            [rng.uniform(0.85, 1.0), rng.uniform(0.15, 0.5), 0.02], p=[0.45, 0.4, 0.15]
        )
        neck = rng.uniform(0.46, 0.56)
        bottom = waist - rng.uniform(-0.02, 0.15)
        width = rng.uniform(0.03, 0.09)
        shirt = _cloth(rng, _PULL_M["upper"], cut=(bottom, neck, 0.02 if bare else sleeve, width))
        worn.append(Worn("upper", shirt, abs(rng.normal(0, 0.012))))
    if rng.random() < (0.3 if gender > 0.5 else 0.03):
        length = rng.uniform(-0.7, -0.2)
        worn.append(
            Worn("skirt", _cloth(rng, _PULL_M["skirt"], cut=(length, waist + 0.01, 9.0, 9.0)), 0.0)
        )
    return [*worn, trousers]


def _cloth(rng: Generator, pull_m: float, plain: bool = False, cut: Cut | None = None) -> Material:
    first = np.stack([palette.cloth_colour(rng) for _ in range(4)])
    second = np.stack([palette.cloth_colour(rng) for _ in range(4)])
    return Material(
        {
            "colours_a": first,
            "colours_b": second,
            "patterns": np.stack([_pattern(rng, plain) for _ in range(4)]),
            "gloss": np.float32(rng.choice([0.0, rng.uniform(0, 0.3)])),
            "wrap": np.float32(0.1),
            "wrinkles": np.float32(rng.uniform(0.1, 0.8)),
        },
        pull_m,
        cut,
    )


def _pattern(rng: Generator, plain: bool) -> np.ndarray:
    """Kind (0 plain, 1 stripes, 2 checks, 3 dots, 4 cloud, 5 camouflage, 6 print), frequency,
    angle, softness."""
    kind = 0 if plain else rng.choice(7, p=[0.58, 0.11, 0.08, 0.04, 0.08, 0.03, 0.08])
    angle = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)], p=[0.3, 0.5, 0.2])
    return np.array(
        [kind, np.exp(rng.uniform(np.log(6), np.log(45))), angle, rng.uniform(0.02, 0.4)]
    )


def _head(
    rng: Generator, names: Mapping[str, Sequence[str]], hair: np.ndarray, age: float, gender: float
) -> list[Worn]:
    """Hair or a hat over cropped hair, and lashes."""
    worn = []
    if names.get("hat") and rng.random() < 0.06:
        worn.append(Worn(str(rng.choice(names["hat"])), _cloth(rng, _PULL_M["hat"])))
    elif names.get("hair") and rng.random() < (0.9 if age > 0.1 else 0.2):
        long_names = [n for n in names["hair"] if not n.startswith(("short", "afro"))]
        short_names = [n for n in names["hair"] if n not in long_names]
        wants_long = rng.random() < (0.75 if gender > 0.5 else 0.1)
        worn.append(
            Worn(str(rng.choice(long_names if wants_long else short_names)), _hair(rng, hair))
        )
    if names.get("eyelashes"):
        lashes = np.minimum(hair * 0.2, 0.03)
        worn.append(Worn(str(rng.choice(names["eyelashes"])), _hair(rng, lashes, pull_m=0.001)))
    return worn


def _hair(rng: Generator, colour: np.ndarray, pull_m: float = _PULL_M["hair"]) -> Material:
    streak = colour * rng.uniform(0.7, 1.5)
    return Material(
        {
            "base_colour": colour,
            "streak_colour": streak,
            "gloss": np.float32(rng.uniform(0.0, 0.15)),
            "wrap": np.float32(0.1),
        },
        pull_m,
    )
