# SPDX-License-Identifier: GPL-3.0-or-later
"""What extensions.blender.org asks of an add-on, as far as a program can tell."""

import ast
import subprocess
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import bpy
import pytest

import build_addon
import hund_blender

ADDON = Path(__file__).parents[2] / "hund_blender"
SOURCES = sorted(ADDON.rglob("*.py"))
PERMISSIONS = {"files", "network", "clipboard", "camera", "microphone"}
MAX_TEXT = 64
# The only files that may open a connection, run a program, or know where the add-on lies.
NETWORK = {"client.py", "installer/download.py"}
PROGRAMS = {"server_process.py", "installer/machine.py", "installer/program.py"}
OWN_PLACE = {"check.py", "retarget/shipped.py", "server_tasks.py"}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return tomllib.loads((ADDON / "blender_manifest.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=[False, True], ids=["full", "thin"])
def edition(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_addon.build(tmp_path_factory.mktemp("zip"), thin=request.param)


def names_in(file: Path) -> Iterator[str]:
    """Dotted names that a file imports, calls or reads."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif isinstance(node, ast.Attribute | ast.Name):
            yield ast.unparse(node)


def users_of(*names: str) -> set[str]:
    """The files of the add-on that use one of these modules or names, or something in them."""
    return {
        file.relative_to(ADDON).as_posix()
        for file in SOURCES
        for found in names_in(file)
        if any(found == name or found.startswith(f"{name}.") for name in names)
    }


def test_texts_are_short_and_end_in_a_word(manifest: dict[str, Any]) -> None:
    for text in (manifest["tagline"], *manifest["permissions"].values()):
        assert 0 < len(text) <= MAX_TEXT
        assert text[-1].isalnum() or text[-1] in ")]"


def test_manifest_asks_for_what_there_is_and_brings_no_wheels(manifest: dict[str, Any]) -> None:
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later"]
    assert set(manifest["permissions"]) <= PERMISSIONS
    assert "wheels" not in manifest
    assert manifest["blender_version_min"] == "4.2.0"
    assert "blender_version_max" not in manifest


def test_blender_accepts_the_zip_and_its_tags(edition: Path, tmp_path: Path) -> None:
    validator = build_addon.find_validator()
    if validator is None:
        pytest.skip("this bpy wheel has no blender_ext.py")
    build_addon.validate(edition, validator)
    wrong = tmp_path / "wrong.zip"
    with zipfile.ZipFile(edition) as good, zipfile.ZipFile(wrong, "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            if name == "blender_manifest.toml":
                content = content.replace(b'"Rigging"', b'"Artificial Intelligence"')
            bad.writestr(name, content)
    with pytest.raises(subprocess.CalledProcessError):
        build_addon.validate(wrong, validator)


def test_the_zip_is_source_that_can_be_read(edition: Path) -> None:
    with zipfile.ZipFile(edition) as archive:
        for entry in archive.infolist():
            path = PurePosixPath(entry.filename)
            assert path.suffix in {".py", ".toml", ".jpg", ".json", ".txt", ".whl"}
            assert not path.is_absolute()
            assert not {"..", "__pycache__"} & set(path.parts)
            if path.suffix == ".py":
                ast.parse(archive.read(entry))
        assert (
            sum(entry.filename.endswith("blender_manifest.toml") for entry in archive.infolist())
            == 1
        )


def test_no_code_comes_from_elsewhere() -> None:
    assert users_of("sys.path", "importlib", "runpy", "zipimport", "pip", "ensurepip") == set()
    assert users_of("eval", "exec", "compile", "__import__") == set()


def test_the_network_is_behind_two_files_that_are_asked_for_permission() -> None:
    """That they ask is tested in test_import.py and test_server_operators.py."""
    assert users_of("http.client", "urllib.request", "socket", "ssl", "requests") == NETWORK
    assert users_of("subprocess", "os.system", "os.popen") == PROGRAMS
    assert {"connection.py", "server_operators.py"} <= users_of(
        "bpy.app.online_access", "settings.online_access"
    )


def test_nothing_is_written_beside_the_addon() -> None:
    assert users_of("__file__") == OWN_PLACE
    for name in OWN_PLACE:
        source = (ADDON / name).read_text(encoding="utf-8")
        assert not any(word in source for word in (".write_", ".mkdir", ".unlink", "open("))
    assert "extension_path_user" in (ADDON / "server_tasks.py").read_text(encoding="utf-8")


def test_the_module_may_have_any_name() -> None:
    assert not [file for file in SOURCES if "bl_ext" in file.read_text(encoding="utf-8")]


def test_everything_is_taken_back() -> None:
    hund_blender.unregister()
    before = hooks()
    hund_blender.register()
    assert hooks() != before
    hund_blender.unregister()
    assert hooks() == before
    hund_blender.register()


def hooks() -> dict[str, int]:
    """How many functions hang on each handler and menu, and the classes of ours."""
    lists = {name: getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)}
    counts = {name: len(some) for name, some in lists.items() if isinstance(some, list)}
    for name in dir(bpy.types):
        drawers = getattr(getattr(getattr(bpy.types, name), "draw", None), "_draw_funcs", ())
        if len(drawers) > 1 or name.startswith("HUND_"):
            counts[name] = len(drawers)
    return counts
