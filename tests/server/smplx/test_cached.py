# SPDX-License-Identifier: GPL-3.0-or-later
"""A model file is made a body once, and the server sends it."""

import shutil
from pathlib import Path

import pytest

from model_server.app import rigs
from model_server.cli import main
from model_server.errors import BadModelError, InternalError, UnknownRigError
from model_server.settings import ASSETS, Settings
from model_server.smplx import cached
from model_server.smplx.cached import smplx_asset
from tests.server.doubles import FakeEstimator, running
from tests.server.pictures import encoded, gradient


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asset: Path) -> list[int]:
    """How often bodies are made; here from a body that was made before."""
    calls: list[int] = []

    def asset_of(*_: object) -> bytes:
        calls.append(1)
        return asset.read_bytes()

    monkeypatch.setenv("HUND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cached, "asset_of", asset_of)
    return calls


def test_it_is_made_once_for_each_file(model_file: Path, tmp_path: Path, made: list[int]) -> None:
    copy = tmp_path / "elsewhere.npz"
    shutil.copy(model_file, copy)
    first = smplx_asset(model_file, ASSETS)
    assert smplx_asset(copy, ASSETS) == first
    assert len(made) == 1
    with copy.open("ab") as file:
        file.write(b"more")
    assert smplx_asset(copy, ASSETS) != first
    assert len(made) == 2


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownRigError, match="There is no model file") as told:
        smplx_asset(None, ASSETS)
    assert "--smplx" in told.value.remedy
    with pytest.raises(BadModelError, match=r"Cannot read .*gone\.npz"):
        smplx_asset(tmp_path / "gone.npz", ASSETS)


def test_a_cache_that_cannot_be_written_is_told(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HUND_CACHE", str(tmp_path / "file"))
    with pytest.raises(InternalError, match="cannot be written") as told:
        smplx_asset(model_file, ASSETS)
    assert "HUND_CACHE" in told.value.remedy


def test_the_server_sends_it_and_knows_its_name(model_file: Path, asset: Path) -> None:
    assert rigs(Settings(token="", smplx=model_file)) == ["anny", "smplx"]
    with running(FakeEstimator(), ASSETS, smplx=model_file) as client:
        assert client.ask("GET", "/health").json["rigs"] == ["anny", "smplx"]
        first = client.ask("GET", "/body?rig=smplx")
        assert (first.status, first.body) == (200, asset.read_bytes())
        tag = {"If-None-Match": first.headers["etag"]}
        assert client.ask("GET", "/body?rig=smplx", headers=tag).status == 304
        answer = client.ask("POST", "/estimate?body=smplx", encoded(gradient()))
        assert (answer.status, answer.json["people"]) == (200, [])


def test_a_server_without_a_model_says_how_to_get_one(tmp_path: Path) -> None:
    with running(FakeEstimator(), ASSETS) as client:
        for answer in (
            client.ask("GET", "/body?rig=smplx"),
            client.ask("POST", "/estimate?body=smplx", encoded(gradient())),
        ):
            assert (answer.status, answer.json["detail"]["code"]) == (404, "unknown_rig")
            assert "--smplx FILE" in answer.json["detail"]["remedy"]
    wrong = tmp_path / "SMPL_NEUTRAL.npz"
    wrong.write_bytes(b"text")
    with running(FakeEstimator(), ASSETS, smplx=wrong) as client:
        answer = client.ask("POST", "/estimate?body=nobody", encoded(gradient()))
        assert (answer.status, answer.json["detail"]["code"]) == (400, "bad_request")


def test_the_command_wants_the_model_before_it_looks_at_a_photo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUND_SMPLX", raising=False)
    photo = tmp_path / "photo.png"
    photo.write_bytes(encoded(gradient()))
    assert main(["estimate", str(photo), "--body", "smplx"]) == 1
    assert "Start the server with --smplx FILE" in capsys.readouterr().err
