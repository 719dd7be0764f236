# SPDX-License-Identifier: GPL-3.0-or-later
"""`blender --command hund`: photos in, a .blend file out, without a window (docs/pipelines.md)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from . import api

COMMAND: Final = "hund"
ALL_CAME_IN, NOTHING_CAME_IN, SOME_CAME_IN = 0, 1, 3  # 2 is argparse's, for wrong arguments
RIGS: Final = {name.lower().replace("_", "-"): name for name in api.RIGS}


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
        description="Find the people in photos and save them as rigged characters.",
        epilog="What is not given is as in the add-on's preferences.",
    )
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="a file, or a folder")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.blend")
    parser.add_argument("--rig", choices=RIGS)
    parser.add_argument("--max-people", type=int, metavar="N", help="of each photo, largest first")
    parser.add_argument("--focal-35mm", type=float, metavar="MM", help="where the file is wrong")
    parser.add_argument("--scale", type=float, help="Blender units per metre")
    parser.add_argument("--pose-assets", action="store_true", help="a pose library, no characters")
    return parser


def _import(chosen: argparse.Namespace) -> int:
    bpy.ops.wm.read_homefile(use_empty=True)
    imported = api.import_photos(chosen.photos, _options(chosen), _tell)
    for problem in imported.problems:
        text = f"{problem.subject}: {problem.message} {problem.remedy}"
        print(text.removeprefix(": "), file=sys.stderr)
    made = imported.characters or imported.pose_assets
    if not made:
        return NOTHING_CAME_IN
    _save(chosen.output)
    what = "pose assets" if chosen.pose_assets else "characters"
    print(f"{chosen.output}: {len(made)} {what}", flush=True)
    return SOME_CAME_IN if imported.problems else ALL_CAME_IN


def _options(chosen: argparse.Namespace) -> api.ImportOptions:
    options = api.default_options(api.POSE_ASSETS if chosen.pose_assets else api.NEW_CHARACTERS)
    rig = RIGS[chosen.rig] if chosen.rig else None
    question = _given(max_people=chosen.max_people, focal_35mm=chosen.focal_35mm)
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
