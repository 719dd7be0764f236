# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import pytest

from hund_blender.clip.sources import Source, numbered, source_of
from hund_blender.errors import ClipError


def touch(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).touch()
    return [folder / name for name in names]


def test_movie(tmp_path: Path) -> None:
    [movie] = touch(tmp_path, "a.MP4")
    assert source_of([movie]) == Source(movie=movie)
    assert source_of([movie]).first_number == 1


def test_one_image_stands_for_its_sequence(tmp_path: Path) -> None:
    touch(tmp_path, "shot_0100.png", "shot_0101.png", "shot_0099.png", "other_0001.png", "shot.png")
    touch(tmp_path, "shot_0102.jpg")
    source = source_of([tmp_path / "shot_0100.png"])
    assert source.images is not None
    assert {n: path.name for n, path in source.images.items()} == {
        99: "shot_0099.png",
        100: "shot_0100.png",
        101: "shot_0101.png",
    }
    assert source.first_number == 99
    assert source.path.name == "shot_0099.png"


def test_natural_order(tmp_path: Path) -> None:
    names = [f"take2_{number}.jpg" for number in (10, 9, 1, 100)]
    assert list(numbered(touch(tmp_path, *names))) == [1, 9, 10, 100]


def test_images_without_numbers_are_counted_by_name(tmp_path: Path) -> None:
    found = numbered(touch(tmp_path, "b.png", "a.png", "c.png"))
    assert {number: path.name for number, path in found.items()} == {
        1: "a.png",
        2: "b.png",
        3: "c.png",
    }
    twice = numbered(touch(tmp_path, "x1.png", "y1.png"))
    assert list(twice) == [1, 2]


def test_folder(tmp_path: Path) -> None:
    touch(tmp_path, "f1.png", "f3.png", "notes.txt", ".f2.png")
    images = source_of([tmp_path]).images
    assert images is not None
    assert list(images) == [1, 3]


@pytest.mark.parametrize("names", [(), ("a.mp4", "b.mp4"), ("a.mp4", "b.png")])
def test_choices_that_make_no_clip(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(ClipError, match="one movie"):
        source_of(touch(tmp_path, *names))


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="no file"):
        source_of([tmp_path / "gone.mp4"])
    with pytest.raises(ClipError, match="no images"):
        source_of([tmp_path])


def test_json_round_trip(tmp_path: Path) -> None:
    for source in (
        Source(movie=tmp_path / "a.mp4"),
        Source(images={3: tmp_path / "x3.png", 10: tmp_path / "x10.png"}),
    ):
        assert Source.from_json(source.to_json()) == source
