# SPDX-License-Identifier: GPL-3.0-or-later
"""What the clean-up of clips takes away, and what it costs, on recorded motion with known noise.

python -m benchmarks.clip_cleanup (needs what python -m model_server.learning.mocap writes)

Held-out motion capture on an adult body. Recorded feet slide on a body of another size, so they are
locked first: that is the truth. Then noise as a camera makes it is added: white and slow errors of
every recorded joint and of the place, most in depth. Contacts are those of the truth.
"""

import argparse
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from benchmarks.locked_feet import ASSET, mover_of, recorded, soles, with_locked_feet
from hund_blender.body import Body
from hund_blender.clip.cleanup import PRESETS, CleanUp, cleaned, standing
from hund_blender.clip.legs import stance
from hund_blender.clip.motion import Motion
from hund_blender.clip.mover import Mover
from hund_blender.clip.quaternions import exponential, product
from hund_blender.clip.smoothing import blurred
from hund_blender.rigs import RIGS
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.mocap.library import LIBRARY, Library

ADULT: Final = {"age": 2 / 3}
SHORTEST: Final = 60  # frames
STANDING: Final = CleanUp(speed_m_s=0.3)  # what surely stands, in the truth
WHITE_DEG, SLOW_DEG, SLOW_S = 1.5, 2.0, 0.3  # of every joint
PLACE_M, DRIFT_M, DRIFT_S = (0.005, 0.01, 0.005), (0.015, 0.04, 0.01), 0.5  # depth is Y


@dataclass(frozen=True)
class Scores:
    skate_mm: float  # per frame, of points that truly stand
    slides: float  # share of such frames with more than 2 mm
    acceleration: float  # error, m/s²
    pose_mm: float  # joints from the root, against the truth
    place_mm: float  # joints in the world


def truth(library: Library, number: int, mover: Mover) -> Motion:
    """A recorded clip on the mover's body, on the floor, its feet locked."""
    frames = np.flatnonzero(library.clip == number)[1:]  # a first frame is often a T-pose
    fps = library.clips[number].frame_rate
    turns, pelvis = library.quaternions[frames], library.pelvis[frames]
    return with_locked_feet(recorded(turns, pelvis, fps, mover), mover)


def noisy(motion: Motion, mover: Mover, seed: int) -> Motion:
    rng = np.random.default_rng(seed)
    count = len(motion.frames)

    def slow(shape: tuple[int, ...], seconds: float) -> np.ndarray:
        wandering = blurred(rng.normal(size=shape), seconds * motion.fps)
        return wandering / wandering.std(0)

    leaders = [mover.rig.body.bone_names[leader] for leader in mover.rig.leaders]
    posed = [bone for bone, name in enumerate(leaders) if name in POSE_BONES]
    vectors = np.zeros((*motion.rotations_wxyz.shape[:2], 3))
    shape = (count, len(posed), 3)
    vectors[:, posed] = WHITE_DEG * rng.normal(size=shape) + SLOW_DEG * slow(shape, SLOW_S)
    place = PLACE_M * rng.normal(size=(count, 3)) + DRIFT_M * slow((count, 3), DRIFT_S)
    return replace(
        motion,
        rotations_wxyz=product(motion.rotations_wxyz, exponential(np.radians(vectors))),
        root_m=motion.root_m + place,
    )


def scores(motion: Motion, real: Motion, mover: Mover) -> Scores:
    down = standing(real, mover.skeleton, STANDING)
    both = down[1:] & down[:-1]
    slides = 1000 * np.linalg.norm(np.diff(soles(motion, mover)[..., :2], axis=0), axis=-1)[both]
    heads, wanted = (
        stance(mover.skeleton, m.rotations_wxyz, m.root_m).heads for m in (motion, real)
    )
    wrong = np.diff(heads, 2, axis=0) - np.diff(wanted, 2, axis=0)
    return Scores(
        skate_mm=float(slides.mean()) if len(slides) else 0.0,
        slides=float((slides > 2).mean()) if len(slides) else 0.0,
        acceleration=float(np.linalg.norm(wrong, axis=-1).mean() * motion.fps**2),
        pose_mm=1000 * float(_distance(heads - heads[:, :1], wanted - wanted[:, :1])),
        place_mm=1000 * float(_distance(heads, wanted)),
    )


def _distance(a: np.ndarray, b: np.ndarray) -> Any:
    return np.linalg.norm(a - b, axis=-1).mean()


def tell(label: str, found: list[Scores]) -> None:
    mean = {name: np.mean([getattr(one, name) for one in found]) for name in vars(found[0])}
    print(
        f"{label:<24}| {mean['skate_mm']:6.2f} | {100 * mean['slides']:5.1f} %"
        f" | {mean['acceleration']:6.2f} | {mean['pose_mm']:6.1f} | {mean['place_mm']:6.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rig", choices=RIGS, default=RIGS[0])
    chosen = parser.parse_args().rig
    library, body = Library.load(LIBRARY), Body.load(ASSET)
    mover = mover_of(body, ADULT, chosen)
    numbers = [
        number
        for number, clip in enumerate(library.clips)
        if clip.split == "test" and (library.clip == number).sum() > SHORTEST
    ]
    pairs = []
    for number in numbers:
        real = truth(library, number, mover)
        pairs.append((real, noisy(real, mover, number)))
    frames = sum(len(real.frames) for real, _ in pairs)
    print(f"{len(pairs)} clips, {frames} frames, {chosen}")
    print("                        |   skate mm | over 2 mm | acc. m/s² | pose mm | place mm")
    tell("as seen", [scores(seen, real, mover) for real, seen in pairs])
    for name, preset in PRESETS.items():
        for label, settings in (
            (f"{name.lower()}, feet free", replace(preset, lock_feet=False)),
            (name.lower(), preset),
        ):
            found = [
                scores(cleaned(seen, mover.skeleton, settings, seen.fps), real, mover)
                for real, seen in pairs
            ]
            tell(label, found)


if __name__ == "__main__":
    main()
