# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of another tool to a clip: read at once, put on a body as soon as there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..body import Body
from ..clip.data import Clip
from ..errors import ClipError
from .bvh import read_bvh
from .bvh_clip import clip_of_bvh, posed_bvh
from .contents import read_contents
from .mhr_clip import clip_of_mhr, posed_mhr
from .mhr_layouts import PLACE, POINTS, Told, people_in
from .mhr_model import MODEL_FILE, find_mhr_model, read_mhr_model
from .points_clip import clip_of_points
from .posed_body import average_adult
from .smpl_clip import clip_of_smpl
from .smpl_layouts import motions_in
from .smpl_motion import CAM_FROM_WORLD, CAMERA

BVH: Final = ".bvh"
EXTENSIONS: Final = (".npz", ".npy", ".pkl", ".pickle", ".joblib", ".pt", ".pth", ".json", BVH)
# Who has a body of its own, and that body's shape: phenotypes by name, None for the file's own.
OnBody = Callable[[Body, Mapping[str, float] | None], Clip]


def read_result(
    path: Path,
    fps: float | None = None,
    world: str | None = None,
    mhr_model: Path | None = None,
) -> OnBody:
    """What a file tells of people, to be put on a body.

    fps and world (of smpl_motion.CAM_FROM_WORLD) go before what the file, or its kind, tells.
    mhr_model is the file of MHR's own model, if somebody has chosen one. ClipError names what is
    missing, damaged, or would have been run.
    """
    if path.suffix.lower() == BVH:
        return _of_bvh(path, fps)
    contents = read_contents(path)
    try:
        people = people_in(contents)
        motions = motions_in(contents) if people is None else []
    except ClipError as error:
        raise ClipError(f"{path.name}: {error.message}", error.remedy) from error
    if people is not None:
        model = find_mhr_model(path, mhr_model)
        by_parameters = None if model is None else _of_parameters(path, people, fps, world, model)
        return by_parameters or _of_points(path, people, fps, world)
    if world is not None:
        motions = [replace(motion, world=world) for motion in motions]
    return lambda body, shape: clip_of_smpl(body, shape, motions, fps, path.name)


def _of_parameters(
    path: Path, people: Sequence[Told], fps: float | None, world: str | None, model_file: Path
) -> OnBody | None:
    """None where somebody has none."""
    motions = [person.parameters for person in people if person.parameters is not None]
    if len(motions) < len(people):
        return None
    model = read_mhr_model(model_file)
    posed = [posed_mhr(model, motion, world) for motion in motions]
    return lambda body, shape: clip_of_mhr(
        body, shape or average_adult(body), posed, fps, path.name
    )


def _of_points(path: Path, people: Sequence[Told], fps: float | None, world: str | None) -> OnBody:
    turn = CAM_FROM_WORLD[world or CAMERA]
    seen = [person.points.in_camera(turn) for person in people if person.points is not None]
    if len(seen) < len(people):
        raise ClipError(
            f"{path.name} has MHR's parameters without points; how MHR's joints lie at rest is in "
            "its own model file.",
            f"Choose {MODEL_FILE} under “MHR Model” in the add-on's preferences: it is in assets/ "
            f"of SAM 3D Body's checkpoint, and in MHR's release. Or save “{POINTS}” and “{PLACE}” "
            "along with the parameters.",
        )
    return lambda body, shape: clip_of_points(
        body, shape or average_adult(body), seen, fps, path.name
    )


def _of_bvh(path: Path, fps: float | None) -> OnBody:
    try:
        bvh = read_bvh(path.read_text(encoding="utf-8-sig", errors="replace"))
        source = posed_bvh(bvh)
    except ClipError as error:
        raise ClipError(f"{path.name}: {error.message}", error.remedy) from error
    except OSError as error:
        raise ClipError(
            f"{path.name} cannot be read ({error.strerror}).", "Choose a file."
        ) from error
    return lambda body, shape: clip_of_bvh(
        body, shape or average_adult(body), source, fps or bvh.fps, path.name
    )
