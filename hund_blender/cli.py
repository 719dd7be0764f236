# SPDX-License-Identifier: GPL-3.0-or-later
"""`blender --command hund`: photos and clips in, a .blend file out (docs/pipelines.md)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from . import api
from .clip.sources import is_movie
from .other_results.files import EXTENSIONS as RESULT_EXTENSIONS

COMMAND: Final = "hund"
ALL_CAME_IN, NOTHING_CAME_IN, SOME_CAME_IN = 0, 1, 3  # 2 is argparse's, for wrong arguments
RIGS: Final = {name.lower().replace("_", "-"): name for name in (*api.RIGS, api.SMPLX)}
PRESETS: Final = {name.lower(): preset for name, preset in api.PRESETS.items()}
KEYS: Final = {"every": api.KeySettings(), "adaptive": api.KeySettings.adaptive()}


def run(arguments: Sequence[str]) -> int:
    """Do what `blender --command hund ARGUMENTS` asks for; its exit status."""
    parser = _parser()
    try:
        chosen = parser.parse_args(arguments)
        if not chosen.output.parent.is_dir():
            parser.error(f"There is no folder {chosen.output.parent}. Make it first.")
    except SystemExit as end:  # which would end Blender before it is done
        return int(end.code or 0)
    try:
        return _import(chosen)
    except api.HundError as error:
        print(error, file=sys.stderr)
        return NOTHING_CAME_IN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"blender --command {COMMAND}",
        description="Find the people in photos and clips and save them as rigged characters.",
        epilog="What is not given is as in the add-on's preferences.",
    )
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="a photo, a folder of them, a movie, or another tool's result",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.blend")
    parser.add_argument("--rig", choices=RIGS)
    parser.add_argument("--max-people", type=int, metavar="N", help="of each photo, largest first")
    parser.add_argument("--focal-35mm", type=float, metavar="MM", help="where the file is wrong")
    parser.add_argument("--scale", type=float, help="Blender units per metre")
    parser.add_argument("--pose-assets", action="store_true", help="a pose library, no characters")
    parser.add_argument(
        "--keypoints", action="store_true", help="people are those of JSON files beside the photos"
    )
    clips = parser.add_argument_group("clips")
    clips.add_argument("--sequence", action="store_true", help="folders hold numbered images")
    clips.add_argument("--first", type=int, metavar="N", help="frame of the clip to begin with")
    clips.add_argument("--last", type=int, metavar="N", help="frame of the clip to end with")
    clips.add_argument("--step", type=int, default=1, metavar="N", help="look at every Nth frame")
    clips.add_argument("--fps", type=float, help="of the file; the clip's own where not given")
    clips.add_argument("--preset", choices=PRESETS, default="natural", help="of the clean-up")
    clips.add_argument("--raw", action="store_true", help="no clean-up")
    clips.add_argument("--keys", choices=KEYS, default="every")
    return parser


def _import(chosen: argparse.Namespace) -> int:
    bpy.ops.wm.read_homefile(use_empty=True)
    clips = [path for path in chosen.files if is_movie(path) or (chosen.sequence and path.is_dir())]
    results = [path for path in chosen.files if path.suffix.lower() in RESULT_EXTENSIONS]
    photos = [path for path in chosen.files if path not in (*clips, *results)]
    made: list[str] = []
    complaints = 0
    if photos:
        imported = api.import_photos(photos, _options(chosen), _tell)
        made += imported.characters or imported.pose_assets
        complaints += _complain(imported.problems)
    for clip in (*clips, *results):
        imported = _import_clip(chosen, clip)
        made += imported.characters
        complaints += _complain(imported.problems)
    if not made:
        return NOTHING_CAME_IN
    _save(chosen.output)
    what = "pose assets" if chosen.pose_assets else "characters"
    print(f"{chosen.output}: {len(made)} {what}", flush=True)
    return SOME_CAME_IN if complaints else ALL_CAME_IN


def _complain(problems: Sequence[api.Problem]) -> int:
    for problem in problems:
        text = f"{problem.subject}: {problem.message} {problem.remedy}"
        print(text.removeprefix(": "), file=sys.stderr)
    return len(problems)


def _import_clip(chosen: argparse.Namespace, clip: Path) -> api.Imported:
    """One clip; where it cannot be used that is told, and others are tried."""
    scene = bpy.context.scene
    assert scene is not None
    if chosen.fps:
        api.set_frame_rate(scene, chosen.fps)
    if clip.suffix.lower() in RESULT_EXTENSIONS:
        return _import_result(chosen, clip)
    asked = _given(
        first=chosen.first, last=chosen.last, focal_35mm=chosen.focal_35mm,
        max_people=chosen.max_people,
    )  # fmt: skip
    try:
        imported = api.import_clip(
            clip, _clip_options(chosen), api.ClipRequest(step=chosen.step, **asked)
        )
    except (api.ClipError, api.PhotoError) as error:
        return api.Imported((), (), (api.Problem(clip.name, error.message, error.remedy),))
    print(f"{clip.name}: {len(imported.characters)} people", flush=True)
    return imported


def _import_result(chosen: argparse.Namespace, file: Path) -> api.Imported:
    """What another tool found; likewise."""
    try:
        imported = api.import_result(file, _clip_options(chosen))
    except api.ClipError as error:
        return api.Imported((), (), (api.Problem(file.name, error.message, error.remedy),))
    print(f"{file.name}: {len(imported.characters)} people", flush=True)
    return imported


def _clip_options(chosen: argparse.Namespace) -> api.ClipOptions:
    clean_up = api.AS_SEEN if chosen.raw else PRESETS[chosen.preset]
    options = api.default_clip_options(api.Settings(clean_up, KEYS[chosen.keys]))
    rig = RIGS[chosen.rig] if chosen.rig else None
    return replace(options, use_clip_rate=not chosen.fps, **_given(rig=rig, scale=chosen.scale))


def _options(chosen: argparse.Namespace) -> api.ImportOptions:
    options = api.default_options(api.POSE_ASSETS if chosen.pose_assets else api.NEW_CHARACTERS)
    rig = RIGS[chosen.rig] if chosen.rig else None
    question = _given(
        max_people=chosen.max_people,
        focal_35mm=chosen.focal_35mm,
        keypoints=chosen.keypoints or None,
    )
    scene = _given(rig=rig, scale=chosen.scale)
    return replace(
        options,
        question=replace(options.question, **question),
        scene=replace(options.scene, **scene),
    )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _tell(answer: api.PhotoResult | api.Problem) -> None:
    """A line for each photo with people as soon as they are found; problems follow at the end."""
    if isinstance(answer, api.PhotoResult):
        print(f"{answer.path.name}: {len(answer.estimate.people)} people", flush=True)


def _save(file: Path) -> None:
    """With the photos inside, so that the file can go anywhere."""
    for image in bpy.data.images:
        if image.packed_file is None and image.source == "FILE":
            image.pack()
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(file.absolute()), compress=True)
    except RuntimeError as error:
        raise api.SceneError(f"{file} cannot be written ({error}).", "Choose another.") from error
