# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue file of an asset library: ours come in, nobody's go."""

import uuid
from pathlib import Path

import pytest

from hund_blender.catalogues import FILE_NAME, catalogue_id, catalogue_of, define_catalogues


def entries(folder: Path) -> dict[str, str]:
    """Catalogue paths by their ids, as Blender reads the file."""
    lines = (folder / FILE_NAME).read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line and line[0] != "#"]
    assert kept[0] == "VERSION 1"
    parts = [line.split(":") for line in kept[1:]]
    assert all(len(part) == 3 for part in parts)
    return {part[0]: part[1] for part in parts}


def test_new_file(tmp_path: Path) -> None:
    assert define_catalogues(tmp_path, ["HUND/Dance", "HUND/Yoga", "HUND/Dance"])
    expected = ("HUND", "HUND/Dance", "HUND/Yoga")
    assert entries(tmp_path) == {catalogue_id(catalogue): catalogue for catalogue in expected}
    assert all(uuid.UUID(key) for key in entries(tmp_path))


def test_what_is_there_stays(tmp_path: Path) -> None:
    own = "11111111-2222-3333-4444-555555555555:Props/Chairs:Chairs"
    (tmp_path / FILE_NAME).write_text(f"# mine\nVERSION 1\n\n{own}", encoding="utf-8")
    assert define_catalogues(tmp_path, ["HUND/Dance"])
    text = (tmp_path / FILE_NAME).read_text(encoding="utf-8")
    assert text.startswith(f"# mine\nVERSION 1\n\n{own}\n")
    assert list(entries(tmp_path).values()) == ["Props/Chairs", "HUND", "HUND/Dance"]
    assert not define_catalogues(tmp_path, ["HUND/Dance"])
    assert (tmp_path / FILE_NAME).read_text(encoding="utf-8") == text
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize(
    ("folder", "catalogue"),
    [("Dance", "HUND/Dance"), ("", "HUND/Photos"), ("a:b/c", "HUND/a-b-c"), ("Été ", "HUND/Été")],
)
def test_folder_names_make_catalogue_names(folder: str, catalogue: str) -> None:
    assert catalogue_of(folder) == catalogue
