# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip: the same every time, accepted by Blender, installable."""

import base64
import csv
import hashlib
import io
import re
import zipfile
from pathlib import Path

import bpy
import pytest

import build_addon

ROOT = Path(__file__).parents[2]
WHEEL = "server/hund-0.1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_addon.build(tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def thin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_addon.build(tmp_path_factory.mktemp("thin"), thin=True)


@pytest.fixture(params=["full", "thin"])
def edition(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param)
    return path


def test_same_files_give_the_same_bytes(full: Path, tmp_path: Path) -> None:
    assert build_addon.build(tmp_path).read_bytes() == full.read_bytes()


def test_thin_edition_is_the_addon_alone(thin: Path) -> None:
    names = zipfile.ZipFile(thin).namelist()
    assert {"blender_manifest.toml", "scene/people.py", "check.jpg"} <= set(names)
    assert all(name.endswith((".py", ".toml", ".jpg", ".json")) for name in names)
    assert not any(name.startswith("server/") for name in names)


def test_full_edition_adds_the_server_and_its_locks(full: Path, thin: Path) -> None:
    added = set(zipfile.ZipFile(full).namelist()) - set(zipfile.ZipFile(thin).namelist())
    assert added == {
        "server/cpu.txt", "server/nvidia.txt", "server/pylock.uv.toml", WHEEL,
    }  # fmt: skip


@pytest.fixture(scope="module")
def wheel(full: Path) -> zipfile.ZipFile:
    with zipfile.ZipFile(full) as archive:
        return zipfile.ZipFile(io.BytesIO(archive.read(WHEEL)))


def test_wheel_holds_what_the_server_runs_with(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assets = (ROOT / "model_server" / "assets").iterdir()
    assert {f"model_server/assets/{file.name}" for file in assets} <= set(names)
    assert "model_server/__main__.py" in names
    assert not any("learning" in name or name.startswith("tests") for name in names)


def test_wheels_record_is_true(wheel: zipfile.ZipFile) -> None:
    record = wheel.read("hund-0.1.0.dist-info/RECORD").decode()
    listed = {name: digest for name, digest, _ in csv.reader(record.splitlines())}
    assert set(listed) == set(wheel.namelist())
    for name in listed.keys() - {"hund-0.1.0.dist-info/RECORD"}:
        digest = base64.urlsafe_b64encode(hashlib.sha256(wheel.read(name)).digest())
        assert listed[name] == f"sha256={digest.decode().rstrip('=')}"


@pytest.mark.parametrize("device", ["cpu", "nvidia"])
def test_every_locked_package_is_exact_and_hashed(device: str) -> None:
    lock = (build_addon.LOCKED / f"{device}.txt").read_text()
    packages = re.split(r"(?m)^(?=[a-z])", lock)[1:]
    assert len(packages) > 30
    assert all("==" in package and "--hash=sha256:" in package for package in packages)


def test_locks_follow_the_requirements() -> None:
    wanted = re.findall(r"(?m)^\S+==\S+", (ROOT / "requirements" / "server.txt").read_text())
    locked = set(re.findall(r"(?m)^\S+==\S+", (build_addon.LOCKED / "cpu.txt").read_text()))
    assert {line.lower().replace("_", "-") for line in wanted} <= locked


def test_blenders_own_tool_accepts_it(edition: Path) -> None:
    validator = build_addon.find_validator()
    if validator is None:
        pytest.skip("this bpy wheel has no blender_ext.py")
    build_addon.validate(edition, validator)


def test_it_installs_and_registers(edition: Path) -> None:
    import hund_blender

    hund_blender.unregister()
    bpy.ops.extensions.package_install_files(
        filepath=str(edition), repo="user_default", enable_on_install=True
    )
    module = "bl_ext.user_default.hund_blender"
    try:
        chosen = bpy.context.preferences.addons[module].preferences
        assert (chosen.server_python, chosen.mhr_model) == ("", "")
        assert (chosen.rig, chosen.scale) == ("MAKEHUMAN", 1.0)
        assert bpy.ops.hund.import_photos.poll()
    finally:
        bpy.ops.preferences.addon_disable(module=module)
        hund_blender.register()
