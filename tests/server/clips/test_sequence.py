# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest

from model_server.clips.opening import open_clip
from model_server.clips.sequence import numbered
from model_server.clips.source import Frame, Problem
from model_server.clips.timeline import Wanted
from model_server.errors import HundError
from tests.server.clips.made_videos import number_in, picture
from tests.server.pictures import encoded


def write(folder: Path, names: dict[str, int]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, number in names.items():
        (folder / name).write_bytes(encoded(picture(number)))
    return folder


def test_numbers_come_from_names(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "run", {"shot2_0010.png": 10, "shot2_0009.png": 9, "shot2_12.png": 12}
    )
    source = open_clip(folder, Wanted())
    frames = [frame for frame in source if isinstance(frame, Frame)]
    assert [frame.number for frame in frames] == [9, 10, 12]
    assert [number_in(frame.pixels) for frame in frames] == [9, 10, 12]
    assert (source.info.frames, source.info.fps, source.info.name) == (3, 24.0, "run")


def test_names_without_numbers_are_counted_in_natural_order() -> None:
    paths = [Path(name) for name in ("b.png", "a10.png", "a9.png", "c.png")]
    assert [path.name for path in numbered(paths).values()] == [
        "a9.png",
        "a10.png",
        "b.png",
        "c.png",
    ]
    assert list(numbered(paths)) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(first=4, last=7), [4, 5, 6, 7]),
        (Wanted(step=3), [3, 6, 9]),
        (Wanted(first=5, step=2, last=9), [5, 7, 9]),
    ],
)
def test_a_range_of_images(tmp_path: Path, wanted: Wanted, numbers: list[int]) -> None:
    folder = write(tmp_path, {f"{i}.png": i for i in range(3, 11)})
    source = open_clip(folder, wanted)
    assert [f.number for f in source if isinstance(f, Frame)] == numbers
    assert source.info.frames == len(numbers)


def test_a_broken_image_is_told_and_the_others_are_there(tmp_path: Path) -> None:
    folder = write(tmp_path, {f"{i}.png": i for i in range(1, 6)})
    (folder / "1.png").write_bytes(b"nothing")
    (folder / "3.png").write_bytes(encoded(picture(3))[:80])
    (folder / "4.png").write_bytes(encoded(np.zeros((10, 20, 3), np.uint8)))
    found = list(open_clip(folder, Wanted()))
    assert [each.number for each in found if isinstance(each, Frame)] == [2, 5]
    problems = [each for each in found if isinstance(each, Problem)]
    assert [problem.frame for problem in problems] == [1, 3, 4]
    assert all(problem.error.remedy for problem in problems)


def test_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(HundError):
        open_clip(tmp_path, Wanted())
