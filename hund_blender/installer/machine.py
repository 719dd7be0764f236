# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine is: which uv runs on it, and whether it has a GPU that the server can use."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ..errors import InstallError

LEAST_DRIVER: Final = 580  # the first for CUDA 13
NVIDIA_SMI: Final = ("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
NVIDIA_SMI_TIMEOUT_S: Final = 15.0
CHOOSE_CPU: Final = "Choose CPU: on a photo a GPU saves little."
# Machines for which every package of the server has a wheel, and the platform tag of uv's.
UV_TAGS: Final = {
    ("Windows", "AMD64"): "win_amd64",
    ("Darwin", "arm64"): "macosx_11_0_arm64",
    ("Darwin", "x86_64"): "macosx_10_12_x86_64",
    ("Linux", "x86_64"): "manylinux_2_17_x86_64",
}


class Device(Enum):
    """What the networks run on."""

    CPU = "cpu"
    NVIDIA = "nvidia"


@dataclass(frozen=True)
class Nvidia:
    """A GPU and its driver."""

    name: str
    driver: str

    @property
    def is_usable(self) -> bool:
        return int(self.driver.split(".")[0]) >= LEAST_DRIVER

    def __str__(self) -> str:
        return f"{self.name}, driver {self.driver}"


def uv_tag() -> str:
    system, machine = platform.system(), platform.machine()
    try:
        return UV_TAGS[system, machine]
    except KeyError:
        raise InstallError(
            f"The server cannot be installed on {system} {machine}.",
            "Use a server on another machine: set its address below.",
        ) from None


def find_nvidia() -> Nvidia | None:
    """The first NVIDIA GPU whose driver answers. Takes up to some seconds."""
    try:
        answer = subprocess.run(
            NVIDIA_SMI,
            capture_output=True,
            check=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=NVIDIA_SMI_TIMEOUT_S,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        ).stdout
        name, driver = (field.strip() for field in answer.splitlines()[0].rsplit(",", 1))
        int(driver.split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
    return Nvidia(name, driver)


def check_device(device: Device, nvidia: Nvidia | None) -> None:
    """Raise InstallError where the networks could not run on the device."""
    if device is Device.CPU:
        return
    if nvidia is None:
        raise InstallError("No NVIDIA GPU with its driver was found.", CHOOSE_CPU)
    if not nvidia.is_usable:
        raise InstallError(
            f"The NVIDIA driver {nvidia.driver} is too old: {LEAST_DRIVER} or newer is needed.",
            f"Update the driver from nvidia.com, or: {CHOOSE_CPU}",
        )
