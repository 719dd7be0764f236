# SPDX-License-Identifier: GPL-3.0-or-later
import zipfile
from pathlib import Path

import pytest

from model_server.bundles import bundle_bytes, cache_folder


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUND_CACHE", str(tmp_path / "cache"))
    return cache_folder()


def test_a_bundle_is_built_once_and_kept(empty_cache: Path) -> None:
    built = bundle_bytes("hand")
    (kept,) = empty_cache.iterdir()
    assert kept.read_bytes() == built
    with zipfile.ZipFile(kept) as bundle:
        assert "hand_landmarks_detector.tflite" in bundle.namelist()
    assert bundle_bytes("hand") == built


def test_a_broken_bundle_is_built_again(empty_cache: Path) -> None:
    built = bundle_bytes("hand")
    (kept,) = empty_cache.iterdir()
    kept.write_bytes(built[:1000])
    assert len(bundle_bytes("hand")) == len(built)


def test_no_cache_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HUND_CACHE", str(tmp_path / "file"))
    assert zipfile.is_zipfile(__import__("io").BytesIO(bundle_bytes("hand")))
