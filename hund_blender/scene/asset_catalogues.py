# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogues of pose assets, written beside the .blend file as soon as it is saved."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from ..catalogues import FILE_NAME, define_catalogues
from ..progress import Problem
from .restore import override

log = logging.getLogger(__name__)

CATALOGUE: Final = "hund_catalogue"  # on actions: the catalogue that their asset is in


def define_catalogues_of_file() -> list[Problem]:
    """Write the catalogues of this file's pose assets, where the file is saved and lacks them."""
    catalogues = {action[CATALOGUE] for action in _own_assets()}
    if not catalogues or not bpy.data.filepath:
        return []
    folder = _library_folder(Path(bpy.data.filepath))
    try:
        if define_catalogues(folder, catalogues):
            _refresh_asset_browsers()
    except (OSError, ValueError) as error:
        message = f"The catalogue file {folder / FILE_NAME} cannot be written ({error})."
        return [Problem("", message, "Save the file in a folder that you may write to.")]
    return []


@persistent  # type: ignore[untyped-decorator]
def define_after_saving(*_: object) -> None:
    for problem in define_catalogues_of_file():
        log.warning("%s %s", problem.message, problem.remedy)


def _own_assets() -> list[Any]:
    actions: list[Any] = list(bpy.data.actions)
    return [a for a in actions if a.asset_data and a.library is None and CATALOGUE in a]


def _library_folder(file: Path) -> Path:
    """Where Blender looks for catalogues: the root of the asset library, else the file's folder."""
    libraries: Any = bpy.context.preferences.filepaths.asset_libraries
    roots = [Path(bpy.path.abspath(library.path)) for library in libraries if library.path]
    return next((root for root in roots if file.is_relative_to(root)), file.parent)


def _refresh_asset_browsers() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.ui_type == "ASSETS":
                with override(window=window, area=area):
                    bpy.ops.asset.library_refresh()
