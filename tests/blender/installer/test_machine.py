# SPDX-License-Identifier: GPL-3.0-or-later
"""Which uv is fetched, and what counts as a usable GPU."""

import platform
from pathlib import Path

import pytest

import build_addon
from hund_blender.errors import InstallError
from hund_blender.installer.bundle import Bundle
from hund_blender.installer.machine import (
    UV_TAGS,
    Device,
    Nvidia,
    check_device,
    find_nvidia,
    uv_tag,
)


@pytest.mark.parametrize(("system", "machine"), UV_TAGS)
def test_every_supported_machine_has_a_locked_uv(
    system: str, machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    source = Bundle(build_addon.LOCKED, Path()).uv_wheel(uv_tag())
    assert source.url.startswith("https://files.pythonhosted.org/")
    assert len(source.sha256) == 64


def test_other_machines_are_told_of_remote_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(InstallError, match="riscv64") as caught:
        uv_tag()
    assert "another machine" in caught.value.remedy


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("NVIDIA RTX 5090, 581.42", Nvidia("NVIDIA RTX 5090", "581.42")),
        ("Failed to initialize NVML: Driver/library version mismatch", None),
        ("", None),
    ],
)
def test_gpu_as_its_driver_tells_it(
    said: str, found: Nvidia | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find_nvidia() == found


def test_no_driver_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_nvidia() is None


def test_old_driver_is_told() -> None:
    with pytest.raises(InstallError, match="driver 535") as caught:
        check_device(Device.NVIDIA, Nvidia("RTX 2060", "535.1"))
    assert "nvidia.com" in caught.value.remedy
    check_device(Device.CPU, None)
