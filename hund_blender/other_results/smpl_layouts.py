# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys hold what in the files of tools that speak SMPL; docs/other_results.md lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..clip.quaternions import logarithm
from ..errors import ClipError
from .arrays import numbers_of, rate_of, rows_of
from .smpl_motion import (
    BODY,
    CAMERA,
    HAND,
    SMPL_BODY,
    Y_UP,
    Z_UP,
    SmplMotion,
    joined_pose,
    rotations_of,
)

Array = npt.NDArray[Any]
Keys = Mapping[Any, Any]

RATES: Final = ("mocap_framerate", "mocap_frame_rate", "fps")
GVHMR_FPS: Final = 30.0  # it makes every video so fast before it looks at it
PLAIN: Final = (
    "body_pose", "global_orient", "transl", "trans", "left_hand_pose", "right_hand_pose",
    "jaw_pose",
)  # fmt: skip
SMPL_POSE, SMPLH_POSE, SMPLX_POSE = 72, 156, 165
KNOWN: Final = (
    "AMASS (poses, trans), SMPL-X (root_orient, pose_body), global_orient and body_pose, "
    "GVHMR (smpl_params_global), WHAM (pose_world, trans_world), 4D-Humans (smpl, tid) and "
    "SAM 3D Body (pred_keypoints_3d)"
)


def motions_in(contents: Any) -> list[SmplMotion]:
    """Everybody in what a file holds; ClipError names what is missing, or what was found."""
    if isinstance(contents, list | tuple) and contents and isinstance(contents[0], Mapping):
        return [_plain(_stacked(contents))]
    if not isinstance(contents, Mapping) or not contents:
        raise _unknown(type(contents).__name__)
    if "people" in contents:
        return _people(contents["people"])
    for names, read in LAYOUTS:
        if any(name in contents for name in names):
            return [read(contents)]
    parts = list(contents.values())
    for names, read_all in LAYOUTS_OF_PARTS:
        if all(isinstance(part, Mapping) for part in parts) and any(
            name in part for part in parts for name in names
        ):
            return read_all(contents)
    raise _unknown(", ".join(map(str, list(contents)[:12])))


def _unknown(found: str) -> ClipError:
    return ClipError(f"No people were found in {found}.", f"Read are {KNOWN}.")


def _taken(part: Any, name: str) -> Any:
    if not isinstance(part, Mapping) or name not in part:
        there = ", ".join(map(str, list(part)[:12])) if isinstance(part, Mapping) else "no keys"
        raise ClipError(f"“{name}” is missing; there are {there}.", f"Add it. Read are {KNOWN}.")
    return part[name]


def _rate(part: Keys) -> float | None:
    found = next((name for name in RATES if name in part), None)
    if found is None:
        return None
    return rate_of(numbers_of(part[found], found), found)


def _rows(values: Any, name: str, width: int, count: int) -> Array:
    return rows_of(numbers_of(values, name), name, width, count)


def _motion(pose: Array, trans: Array, world: str, fps: float | None) -> SmplMotion:
    count = len(pose)
    calm = np.zeros((count, 0))
    return SmplMotion(np.arange(count), pose, trans, world, fps, np.zeros(count), calm)


def _amass(part: Keys) -> SmplMotion:
    """One array of all joints: SMPL's 72 numbers, SMPL-H's 156 or SMPL-X's 165 per frame."""
    poses = numbers_of(_taken(part, "poses"), "poses")
    poses = poses.reshape(len(poses), -1) if poses.ndim > 1 else poses.reshape(1, -1)
    count, width = poses.shape
    if width not in (SMPL_POSE, SMPLH_POSE, SMPLX_POSE):
        raise ClipError(
            f"“poses” has {width} numbers for each frame; SMPL has {SMPL_POSE}, SMPL-H "
            f"{SMPLH_POSE} and SMPL-X {SMPLX_POSE}.",
            "Choose a file of these.",
        )
    trans = _rows(_taken(part, "trans"), "trans", 3, count)
    root, body = poses[:, :3], poses[:, 3 : 3 + 3 * BODY]
    hands = poses[:, -6 * HAND :] if width > SMPL_POSE else None
    motion = _of_vectors(root, body, hands, trans, _rate(part))
    if width == SMPLX_POSE:
        return replace(motion, jaw_rad=_jaw(poses[:, 66:69], count, "poses"))
    return motion


def _amass_smplx(part: Keys) -> SmplMotion:
    body = numbers_of(_taken(part, "pose_body"), "pose_body")
    count = max(body.size // (3 * BODY), 1)
    body = _rows(body, "pose_body", 3 * BODY, count)
    root = _rows(_taken(part, "root_orient"), "root_orient", 3, count)
    trans = _rows(_taken(part, "trans"), "trans", 3, count)
    hands = _rows(part["pose_hand"], "pose_hand", 6 * HAND, count) if "pose_hand" in part else None
    motion = _of_vectors(root, body, hands, trans, _rate(part))
    if "pose_jaw" in part:
        return replace(motion, jaw_rad=_jaw(part["pose_jaw"], count, "pose_jaw"))
    return motion


def _of_vectors(
    root: Array, body: Array, hands: Array | None, trans: Array, fps: float | None
) -> SmplMotion:
    count = len(trans)
    pose = joined_pose(
        rotations_of(root, 1, count, "root"),
        rotations_of(body, BODY, count, "body"),
        None if hands is None else rotations_of(hands, 2 * HAND, count, "hands"),
    )
    return _motion(pose, trans, Z_UP, fps)


def _plain(part: Keys, world: str = CAMERA) -> SmplMotion:
    """Keys as the models of the smplx package name their arguments."""
    body = numbers_of(_taken(part, "body_pose"), "body_pose")
    count, joints = _frames_and_joints(body)
    body_wxyz = rotations_of(body, joints, count, "body_pose")
    root = rotations_of(_taken(part, "global_orient"), 1, count, "global_orient")
    trans = np.zeros((count, 3))
    place = next((name for name in ("transl", "trans") if name in part), None)
    if place is not None:
        trans = _rows(part[place], place, 3, count)
    motion = _motion(joined_pose(root, body_wxyz, _hands(part, count)), trans, world, _rate(part))
    if joints == BODY:
        motion = _with_smplx_terms(motion, part)
    if "jaw_pose" in part:
        return replace(motion, jaw_rad=_jaw(part["jaw_pose"], count, "jaw_pose"))
    return motion


def _with_smplx_terms(motion: SmplMotion, part: Keys) -> SmplMotion:
    """With the betas and expressions that only SMPL-X's files have, in whatever nesting."""
    count, betas, expression = len(motion.frames), motion.betas, motion.expression
    if "betas" in part:
        betas = numbers_of(part["betas"], "betas")
        betas = betas.reshape(-1, betas.shape[-1] if betas.ndim else 1)[0]
    if "expression" in part:
        told = numbers_of(part["expression"], "expression")
        width = told.size // count
        expression = _rows(told, "expression", width, count)
    return replace(motion, betas=betas, expression=expression)


def _frames_and_joints(body: Array) -> tuple[int, int]:
    """Of body_pose, in whatever nesting: SMPL-X has 21 joints, SMPL 23."""
    if body.shape[-2:] == (3, 3) and body.ndim > 2:
        joints, count = body.shape[-3], body.size // (9 * body.shape[-3])
        if joints in (BODY, SMPL_BODY):
            return count, joints
    for joints in (BODY, SMPL_BODY):
        for width in (3 * joints, 9 * joints):
            if body.shape[-1:] == (width,):
                return body.size // width, joints
        if body.shape[-2:] == (joints, 3):
            return body.size // (3 * joints), joints
    raise ClipError(
        f"“body_pose” has the shape {body.shape}; SMPL has 23 joints for each frame and SMPL-X "
        "21, as rotation vectors or matrices.",
        "Write it in one of these forms.",
    )


def _hands(part: Keys, count: int) -> Array | None:
    names = ("left_hand_pose", "right_hand_pose")
    if not all(name in part for name in names):
        return None
    hands = [rotations_of(part[name], HAND, count, name) for name in names]
    return np.concatenate(hands, 1)


def _jaw(values: Any, count: int, name: str) -> Array:
    """How far it is open (F,), radians: about the axis from side to side."""
    turn: Array = logarithm(rotations_of(values, 1, count, name))[:, 0, 0]
    return turn


def _stacked(frames: Sequence[Any]) -> dict[str, Any]:
    """A list with a dictionary for each frame, as one of arrays."""
    names = [
        name for name in frames[0] if all(isinstance(f, Mapping) and name in f for f in frames)
    ]
    taken = {"body_pose", "global_orient", "transl", "trans", "jaw_pose"}
    taken |= {"left_hand_pose", "right_hand_pose", "betas", "expression"}
    return {
        name: np.stack([numbers_of(frame[name], name).squeeze() for frame in frames])
        for name in names
        if name in taken
    }


def _gvhmr(contents: Keys) -> SmplMotion:
    if "smpl_params_global" in contents:
        motion = _plain(contents["smpl_params_global"], Y_UP)
    else:
        motion = _plain(contents["smpl_params_incam"])
    return replace(motion, fps=GVHMR_FPS)


def _wham(part: Keys) -> SmplMotion:
    """One person; the world where that is known, else the camera."""
    has_world = "pose_world" in part
    pose, place = ("pose_world", "trans_world") if has_world else ("pose", "trans")
    poses = numbers_of(_taken(part, pose), pose)
    count = max(poses.size // SMPL_POSE, 1)
    poses = _rows(poses, pose, SMPL_POSE, count)
    trans = _rows(_taken(part, place), place, 3, count)
    motion = _of_vectors(poses[:, :3], poses[:, 3 : 3 + 3 * BODY], None, trans, _rate(part))
    frames = np.arange(count)
    if "frame_ids" in part:
        frames = _rows(part["frame_ids"], "frame_ids", 1, count)[:, 0].astype(int)
    return replace(motion, frames=frames, world=Y_UP if has_world else CAMERA)


def _phalp(contents: Keys) -> list[SmplMotion]:
    """Frames with a list for each thing that is known of the people in them."""
    found: dict[int, dict[int, tuple[Any, Any]]] = {}
    for number, part in enumerate(contents.values()):
        people, names = _taken(part, "smpl"), _taken(part, "tid")
        places = part.get("camera", [])
        unseen = part.get("tracked_time", [])
        for row, (person, name) in enumerate(zip(people, names, strict=False)):
            if row < len(unseen) and unseen[row]:
                continue  # only guessed on, from an earlier frame
            place = places[row] if row < len(places) else np.zeros(3)
            found.setdefault(int(name), {})[int(part.get("time", number))] = person, place
    if not found:
        raise ClipError("Nobody was found in any frame of the file.", "Choose another.")
    return [_phalp_person(found[name]) for name in sorted(found)]


def _phalp_person(seen: Mapping[int, tuple[Any, Any]]) -> SmplMotion:
    frames = sorted(seen)
    parts = [_plain({**_mapping(seen[f][0]), "transl": seen[f][1]}) for f in frames]
    return replace(
        parts[0],
        frames=np.array(frames),
        local_wxyz=np.concatenate([part.local_wxyz for part in parts]),
        trans_m=np.concatenate([part.trans_m for part in parts]),
        jaw_rad=np.zeros(len(parts)),
        expression=np.zeros((len(parts), 0)),
    )


def _people(people: Any) -> list[SmplMotion]:
    """What our own server found in a photo, told in SMPL-X as well."""
    told = [person.get("smplx") for person in people if isinstance(person, Mapping)]
    if not told or not all(told):
        raise ClipError(
            "The people of the file are not told in SMPL-X's parameters.",
            "Estimate the photo again with --body smplx.",
        )
    return [_plain(_stacked([part])) for part in told]


def _mapping(person: Any) -> Keys:
    _taken(person, "body_pose")
    checked: Keys = person
    return checked


# The names that tell a layout, in the file, and what reads one person of it.
LAYOUTS: Final[tuple[tuple[tuple[str, ...], Callable[[Keys], SmplMotion]], ...]] = (
    (("smpl_params_global", "smpl_params_incam"), _gvhmr),
    (("poses",), _amass),
    (("pose_body", "root_orient"), _amass_smplx),
    (("body_pose", "global_orient"), _plain),
)
# Likewise in dictionaries that the file's names lead to: people, or frames.
LAYOUTS_OF_PARTS: Final[tuple[tuple[tuple[str, ...], Callable[[Keys], list[SmplMotion]]], ...]] = (
    (("smpl",), _phalp),
    (("pose", "pose_world"), lambda people: [_wham(part) for part in people.values()]),
    (("body_pose",), lambda people: [_plain(part) for part in people.values()]),
)
