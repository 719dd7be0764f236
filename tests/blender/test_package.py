# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip: the same every time, accepted by Blender, installable."""

import zipfile
from pathlib import Path

import bpy
import pytest

import build_addon


def test_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    first = build_addon.build(tmp_path / "a").read_bytes()
    assert build_addon.build(tmp_path / "b").read_bytes() == first


def test_zip_holds_the_addon_and_nothing_else(tmp_path: Path) -> None:
    names = zipfile.ZipFile(build_addon.build(tmp_path)).namelist()
    assert "blender_manifest.toml" in names
    assert "scene/people.py" in names
    assert all(name.endswith((".py", ".toml")) for name in names)


def test_blenders_own_tool_accepts_it(tmp_path: Path) -> None:
    validator = build_addon.find_validator()
    if validator is None:
        pytest.skip("this bpy wheel has no blender_ext.py")
    build_addon.validate(build_addon.build(tmp_path), validator)


def test_it_installs_and_registers(tmp_path: Path) -> None:
    import hund_blender

    hund_blender.unregister()
    path = build_addon.build(tmp_path)
    bpy.ops.extensions.package_install_files(
        filepath=str(path), repo="user_default", enable_on_install=True
    )
    module = "bl_ext.user_default.hund_blender"
    try:
        assert bpy.context.preferences.addons[module].preferences.server_python == ""
        assert bpy.ops.hund.import_photos.poll()
    finally:
        bpy.ops.preferences.addon_disable(module=module)
        hund_blender.register()
