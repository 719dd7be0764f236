# SPDX-License-Identifier: GPL-3.0-or-later
import io
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import made_clips
import numpy as np
import pytest

from hund_blender.body import Body
from hund_blender.clip.data import Clip, clip_bytes, parse_clip, read_clip, write_clip
from hund_blender.errors import ClipError


@pytest.fixture
def clip(body: Body) -> Clip:
    return made_clips.clip(body, people=2, frames=20)


def test_round_trip(clip: Clip, tmp_path: Path) -> None:
    asked = replace(clip, request={"source": "/clips/dance.mp4", "finished": False})
    write_clip(tmp_path / "new" / "dance.npz", asked)
    again = read_clip(tmp_path / "new" / "dance.npz")
    for field in fields(Clip):
        if field.name != "tracks":
            assert getattr(again, field.name) == getattr(asked, field.name)
    for before, after in zip(asked.tracks, again.tracks, strict=True):
        for field in fields(before):
            assert np.allclose(
                getattr(after, field.name), getattr(before, field.name), equal_nan=True, atol=1e-6
            )
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["dance.npz"]


def test_numbers_of_frames(clip: Clip) -> None:
    spread = replace(clip.tracks[0], frames=100 + 5 * np.arange(20, dtype=np.int32))
    later = replace(clip.tracks[1], frames=110 + 10 * np.arange(20, dtype=np.int32))
    both = replace(clip, tracks=(spread, later))
    assert (both.first, both.last, both.step) == (100, 300, 5)
    assert (replace(clip, tracks=()).first, replace(clip, tracks=()).step) == (0, 1)


def test_somebody_who_is_not_there(clip: Clip) -> None:
    assert clip.track(1).number == 1
    with pytest.raises(ClipError, match="Person 7"):
        clip.track(7)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="Put it back"):
        read_clip(tmp_path / "gone.npz")


@pytest.mark.parametrize("kept", [0, 10, 1000, -30])
def test_damaged_file(clip: Clip, tmp_path: Path, kept: int) -> None:
    (tmp_path / "half.npz").write_bytes(clip_bytes(clip)[:kept])
    with pytest.raises(ClipError, match=r"half\.npz is no clip, or it is damaged"):
        read_clip(tmp_path / "half.npz")


def test_a_bit_that_fell_over(clip: Clip) -> None:
    content = bytearray(clip_bytes(clip))
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        largest = max(file.infolist(), key=lambda member: member.compress_size)
    # Behind a member's own header, which has bits that nobody reads, and before the next one.
    content[largest.header_offset + 200 + largest.compress_size // 2] ^= 0x40
    with pytest.raises(ClipError, match="damaged"):
        parse_clip(bytes(content))


def test_another_format(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", header=np.frombuffer(b'{"format": "x", "version": 1}', np.uint8))
    with pytest.raises(ClipError, match="format x 1, expected hund-clip 1"):
        read_clip(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("root_wxyz", np.zeros((3, 4)), "shape"),
        ("translation_m", np.full((20, 3), np.nan), "not finite"),
        ("frames", np.array([5] * 20, np.int32), "ascend"),
    ],
)
def test_arrays_that_cannot_be(clip: Clip, name: str, value: np.ndarray, words: str) -> None:
    broken = replace(clip, tracks=(replace(clip.tracks[0], **{name: value}),))
    with pytest.raises(ClipError, match=words):
        parse_clip(clip_bytes(broken))
