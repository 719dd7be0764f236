# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip in Blender, one press, and the server is there: with the real uv and package registry."""

import socket
from pathlib import Path

import bpy
import pytest

import build_addon
import hund_blender

REGISTRY = ("pypi.org", 443)
MODULE = "bl_ext.user_default.hund_blender"


@pytest.fixture(autouse=True)
def needs_the_registry() -> None:
    try:
        socket.create_connection(REGISTRY, timeout=5).close()
    except OSError as error:
        pytest.skip(f"{REGISTRY[0]} cannot be reached: {error}")


@pytest.mark.slow
def test_zip_install_check_remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HUND_SERVER_PYTHON", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    hund_blender.unregister()
    bpy.ops.extensions.package_install_files(
        filepath=str(build_addon.build(tmp_path)), repo="user_default", enable_on_install=True
    )
    bpy.context.preferences.system.use_online_access = True
    folder = Path(bpy.utils.extension_path_user(MODULE, path="server"))
    try:
        assert bpy.ops.hund.install_server(device="CPU") == {"FINISHED"}
        assert (folder / "installed.json").is_file()
        assert bpy.ops.hund.check_server() == {"FINISHED"}
        assert bpy.ops.hund.remove_server() == {"FINISHED"}
        assert list(folder.iterdir()) == []
    finally:
        bpy.context.preferences.system.use_online_access = False
        bpy.ops.preferences.addon_disable(module=MODULE)
        hund_blender.register()
