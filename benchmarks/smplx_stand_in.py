# SPDX-License-Identifier: GPL-3.0-or-later
"""A model file with the names, sizes and types of SMPL-X's, made of our own body.

SMPL-X may not be shipped, nor fetched without an account, so that tests and benchmarks have this in
its place. It is like the real one in its form, its T-pose with bent elbows and knees and joints
that are not where ours are; it is unlike it in its shapes, which are those of our own body, and in
its pose directions, which are made up.

    python -m benchmarks.smplx_stand_in STAND_IN.npz [--directions 400] [--unlike-mm 15]
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.settings import ASSETS
from model_server.smplx.joints import GROUPS, JOINTS, PARENTS, SMPL_FROM_BODY
from model_server.smplx.model import FACES, POSE_DIRECTIONS, VERTICES
from model_server.smplx.our_body import ADULT, OurBody, TPosed
from model_server.smplx.rotations import turn_between
from model_server.smplx.surface import OnSurface, triangles

Array = NDArray[Any]

SEED: Final = 7
PEOPLE: Final = 400  # whose shapes are the stand-in's
SIDES: Final = {".L": 1.0, ".R": -1.0}
# Where the limbs of the T-pose point, to the person's left: not quite straight.
LIMBS: Final[Mapping[str, tuple[str, tuple[float, float, float]]]] = {
    "upperleg01": ("lowerleg01", (0.08, -0.03, -1.0)),
    "lowerleg01": ("foot", (0.02, 0.06, -1.0)),
    "upperarm01": ("lowerarm01", (1.0, 0.05, -0.08)),
    "lowerarm01": ("wrist", (1.0, -0.05, 0.02)),
    "wrist": ("finger3-1", (1.0, -0.03, -0.02)),
    **{
        f"finger{f}-{n}": (f"finger{f}-{n + 1}", (1.0, 0.1 * (f - 3), -0.1))
        for f in (2, 3, 4, 5)
        for n in (1, 2)
    },
}
WAVES: Final = 6
WAVE_M: Final = 0.5  # how long they are
JOINTED: Final = ("jaw", "eyeLook")
JOINT_POINTS: Final = 40  # vertices that tell where a joint is
CORRECTED_M: Final = 0.004  # how far a pose direction moves the skin, where it does most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--directions", type=int, choices=[20, 400], default=400, help="of shape and expression"
    )
    parser.add_argument("--unlike-mm", type=float, default=0.0, help="another body than ours")
    options = parser.parse_args()
    np.savez(options.file, **stand_in(options.directions, options.unlike_mm / 1000))


def stand_in(directions: int = 400, unlike_m: float = 0.0) -> dict[str, Array]:
    """The arrays of such a file; 400 directions are 300 of shape, fewer are half of shape. It can
    be made another body than ours, by waves as high as unlike_m in the mean.
    """
    rng = np.random.default_rng(SEED)
    body = OurBody(ASSETS / "anny.npz")
    points, faces = remeshed(body)
    turns = t_pose(body)
    posed = TPosed(body, turns, points)
    people = [random_person(rng, body.meta["phenotype_names"]) for _ in range(PEOPLE)]
    samples = [posed.at(person) for person in people]
    middle, shapes = _principal(np.stack([_standing(*sample) for sample in samples]))
    middle = middle + waves(np.random.default_rng(SEED), middle, unlike_m)
    count = 300 if directions >= 400 else directions // 2
    expressions = _expressions(body, points)
    heads = np.mean([heads - heads[0] for _, heads in samples], 0)
    weights = joint_weights(body, points)
    axes = SMPL_FROM_BODY.T
    shapedirs = [_padded(shapes, count), _padded(expressions, directions - count)]
    return {
        "v_template": middle @ axes,
        "shapedirs": np.einsum("ij,vjs->vis", SMPL_FROM_BODY, np.concatenate(shapedirs, 2)),
        "posedirs": pose_directions(rng, weights),
        "J_regressor": joint_regressor(body, heads, middle, weights),
        "weights": weights,
        "kintree_table": np.array([[2**32 - 1, *PARENTS[1:]], range(len(PARENTS))], np.int64),
        "f": faces.astype(np.uint32),
        "vt": points.of(body.template)[:, [0, 2]],
        "ft": faces.astype(np.uint32),
        "hands_componentsl": np.eye(45),
        "hands_componentsr": np.eye(45),
        "hands_meanl": np.zeros(45),
        "hands_meanr": np.zeros(45),
        "lmk_faces_idx": np.arange(51, dtype=np.int64),
        "lmk_bary_coords": np.full((51, 3), 1 / 3),
        "dynamic_lmk_faces_idx": np.zeros((79, 17), np.int64),
        "dynamic_lmk_bary_coords": np.full((79, 17, 3), 1 / 3),
    }


def random_person(rng: np.random.Generator, names: list[str]) -> dict[str, float]:
    """Adults and children, of any build."""
    return {name: rng.uniform(0.3, 1.0) if name == "age" else rng.uniform() for name in names}


def _standing(points: Array, heads: Array) -> Array:
    """From the root, as SMPL-X has its pelvis next to the origin."""
    return points - heads[0]


def _principal(samples: Array) -> tuple[Array, Array]:
    """Mean (V, 3) and directions (V, 3, S) of one standard deviation each."""
    middle = samples.mean(0)
    flat = (samples - middle).reshape(len(samples), -1)
    sizes, rows = np.linalg.eigh(flat @ flat.T)
    order = np.argsort(sizes)[::-1][: len(samples) - 1]
    directions = rows[:, order].T @ flat / np.sqrt(len(samples))
    return middle, directions.reshape(len(order), *middle.shape).transpose(1, 2, 0)


def _padded(directions: Array, count: int) -> Array:
    room = np.zeros((*directions.shape[:2], max(count - directions.shape[2], 0)))
    return np.concatenate([directions[..., :count], room], 2)


def waves(rng: np.random.Generator, points: Array, height_m: float) -> Array:
    """Moves (V, 3) of points (V, 3), as long as height_m in the mean, that no shape of ours has."""
    ways = rng.normal(0, 2 * np.pi / WAVE_M, (WAVES, 3))
    moves = np.sin(points @ ways.T + rng.uniform(0, 2 * np.pi, WAVES)) @ rng.normal(size=(WAVES, 3))
    longest = np.linalg.norm(moves, axis=1).mean()
    return height_m * moves / longest


def _expressions(body: OurBody, points: OnSurface) -> Array:
    """Principal directions (V, 3, E) of the facial actions that no joint makes."""
    named = zip(body.meta["facial_action_names"], body.facial_offsets(), strict=True)
    offsets = np.stack([points.of(moves) for name, moves in named if not name.startswith(JOINTED)])
    flat = offsets.reshape(len(offsets), -1)
    sizes, rows = np.linalg.eigh(flat @ flat.T)
    directions = rows[:, np.argsort(sizes)[::-1]].T @ flat / np.sqrt(len(offsets))
    return directions.reshape(offsets.shape).transpose(1, 2, 0)


def t_pose(body: OurBody) -> Array:
    """Turns (B, 3, 3) from the reference pose."""
    reference = body.bones.reference(ADULT)
    turns = np.tile(np.eye(3), (len(body.bone_names), 1, 1))
    for bone, (name, parent) in enumerate(zip(body.bone_names, body.bone_parents, strict=True)):
        turns[bone] = turns[max(parent, 0)]
        side = SIDES.get(name[-2:], 0.0)
        if name[:-2] in LIMBS and side:
            end, (x, y, z) = LIMBS[name[:-2]]
            along = turns[bone] @ (reference.head(end + name[-2:]) - reference.head(name))
            turns[bone] = turn_between(along, np.array([side * x, y, z])) @ turns[bone]
        elif name.startswith("foot"):
            turns[bone] = np.eye(3)
    return turns


def joint_weights(body: OurBody, points: OnSurface) -> Array:
    """Skin weights (V, 55); the jaw takes the chin from the head."""
    names = {name: bone for bone, name in enumerate(body.bone_names)}
    own = points.of(body.skin_weights())
    weights = np.zeros((len(own), len(JOINTS)))
    for joint, bones in GROUPS.items():
        known = [names[bone] for bone in bones if bone in names]
        weights[:, JOINTS.index(joint)] = own[:, known].sum(1)
    weights[:, 0] += own[:, names["root"]]
    opened = body.facial_offsets()[body.meta["facial_action_names"].index("jawOpen")]
    moved = np.linalg.norm(points.of(opened), axis=1)
    share = (moved / np.quantile(moved, 0.995)).clip(0, 1)
    head, jaw = JOINTS.index("head"), JOINTS.index("jaw")
    weights[:, jaw] = share * weights[:, head]
    weights[:, head] *= 1 - share
    return weights / weights.sum(1, keepdims=True)


def joint_regressor(body: OurBody, heads: Array, middle: Array, weights: Array) -> Array:
    """Means (55, V) of the skin round each joint: near to where our bones begin, not there."""
    names = {name: bone for bone, name in enumerate(body.bone_names)}
    jaw = heads[names["head"]] + 0.5 * (middle[weights[:, 22] > 0.9].mean(0) - heads[names["head"]])
    regressor = np.zeros((len(JOINTS), len(middle)))
    for joint, name in enumerate(JOINTS):
        bone = GROUPS[name][0]
        place = heads[names[bone]] if bone in names else jaw
        carries = weights[:, [joint, max(PARENTS[joint], 0)]].sum(1) > 0.2
        away = np.where(carries, np.linalg.norm(middle - place, axis=1), np.inf)
        near = np.argsort(away)[:JOINT_POINTS]
        lifted = np.concatenate([middle[near] - place, np.full((len(near), 1), 0.05)], 1)
        shares, _ = _positive(lifted.T, np.array([0.0, 0.0, 0.0, 0.05]))
        regressor[joint, near] = shares / shares.sum()
    return regressor


def _positive(matrix: Array, wanted: Array, steps: int = 300) -> tuple[Array, Array]:
    """Weights that are not negative, by multiplicative steps toward what is wanted."""
    shares = np.full(matrix.shape[1], 1 / matrix.shape[1])
    for _ in range(steps):
        slope = matrix.T @ (matrix @ shares - wanted)
        shares = shares * np.exp(-200.0 * slope)
    return shares, matrix @ shares - wanted


def pose_directions(rng: np.random.Generator, weights: Array) -> Array:
    """Small made-up bulges (V, 3, 486) where a joint and its parent share the skin."""
    directions = np.zeros((len(weights), 3, POSE_DIRECTIONS), np.float64)
    for joint, parent in enumerate(PARENTS[1:], start=1):
        shared = 4 * weights[:, joint] * weights[:, parent]
        ways = CORRECTED_M * rng.uniform(-1, 1, (3, 9))
        directions[:, :, 9 * (joint - 1) : 9 * joint] = shared[:, None, None] * ways
    return directions


def remeshed(body: OurBody) -> tuple[OnSurface, Array]:
    """Skin and eyes with the vertices and faces of SMPL-X by number: the shortest edges go."""
    material = body.arrays["face_materials"]
    faces = triangles(body.arrays["faces"][material < 2])
    kept, faces = np.unique(faces, return_inverse=True)
    faces = faces.reshape(-1, 3)
    place = body.template[kept]
    onto = np.arange(len(kept))
    while len(np.unique(faces)) > VERTICES:
        faces = _fewer(place, faces, onto, len(np.unique(faces)) - VERTICES)
    left, faces = np.unique(faces, return_inverse=True)
    faces = faces.reshape(-1, 3)[:FACES]
    faces = np.concatenate([faces, np.repeat(faces[-1:], FACES - len(faces), 0)])
    corner = np.zeros((len(left), 3), np.intp)
    for triangle in faces:  # every vertex moves a little into a face of its own
        for turn in range(3):
            corner[triangle[turn]] = np.roll(triangle, -turn)
    return OnSurface(kept[left[corner]], np.tile([0.7, 0.15, 0.15], (len(left), 1))), faces


def _fewer(place: Array, faces: Array, onto: Array, count: int) -> Array:
    """Faces without up to so many short edges, none next to another one."""
    edges = np.unique(np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1), axis=0)
    around: list[set[int]] = [set() for _ in place]
    for a, b in edges:
        around[a].add(int(b))
        around[b].add(int(a))
    lengths = np.linalg.norm(place[edges[:, 0]] - place[edges[:, 1]], axis=1)
    touched: set[int] = set()
    moved = onto.copy()
    for a, b in edges[np.argsort(lengths)]:
        ring = around[a] | around[b]
        if count and not ring & touched and len(around[a] & around[b]) == 2:
            touched |= ring
            moved[b] = a
            count -= 1
    faces = moved[faces]
    whole = (
        (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    )
    return faces[whole]


if __name__ == "__main__":
    main()
