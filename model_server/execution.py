# SPDX-License-Identifier: GPL-3.0-or-later
"""What networks run on: CUDA where it works, else the CPU and the reason why."""

import logging
import subprocess
import time
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from model_server.errors import first_line

CUDA: Final = "CUDAExecutionProvider"
CPU: Final = "CPUExecutionProvider"
EXACT: Final = {"use_tf32": "0"}  # of CUDA; ten bits put answers up to 0.8 % beside the CPU's

_NVIDIA_SMI: Final = (
    "nvidia-smi",
    "--query-gpu=name,memory.total,memory.free",
    "--format=csv,noheader,nounits",
)
_TIMEOUT_S: Final = 5.0
_LATELY_S: Final = 10.0
_LARGEST_BATCH: Final = 32
_SHARE: Final = 0.5  # of the free memory that a batch may take
_INSTALLED_FOR_CPU: Final = "ONNX Runtime was installed for the CPU."

_LINE: Final = 200  # characters of an error, which can be long

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gpu:
    name: str
    memory_mb: int
    free_mb: int


def open_on_best(path: Path, options: Any) -> Any:
    """ONNX Runtime's session of the graph at `path`, on CUDA if that works; the log tells once
    why it does not.
    """
    import onnxruntime

    here = onnxruntime.get_available_providers()
    if CUDA in here:
        session, reason = _on_cuda(onnxruntime, path, options)
        if session is not None:
            return session
        _tell_once(reason)
    return open_on_cpu(path, options)


def open_on_cpu(path: Path, options: Any) -> Any:
    """ONNX Runtime's session of the graph at `path`, whatever else there is."""
    import onnxruntime

    return onnxruntime.InferenceSession(str(path), options, providers=[CPU])


def _on_cuda(onnxruntime: Any, path: Path, options: Any) -> tuple[Any, str]:
    """The session, or nothing and the reason. ONNX Runtime's own way to the CPU is silent."""
    try:
        onnxruntime.preload_dlls()  # CUDA that was installed as wheels is on no search path
        session = onnxruntime.InferenceSession(
            str(path), options, providers=[(CUDA, EXACT), CPU], enable_fallback=0
        )
    except Exception as error:
        return None, f"CUDA does not work: {first_line(error)[:_LINE]}"
    if CUDA not in session.get_providers():
        return None, "CUDA could not be loaded: its driver or libraries are missing or too old."
    return session, ""


_reasons: Final[list[str]] = []  # why networks are on the CPU, in the order they were told


def _tell_once(reason: str) -> None:
    if reason not in _reasons:
        _reasons.append(reason)
        logger.warning("networks run on the CPU: %s", reason)


def why_cpu(providers: tuple[str, ...]) -> str | None:
    """Why networks with these providers run on the CPU; nothing where they do not."""
    if CUDA in providers:
        return None
    return _reasons[0] if _reasons else _INSTALLED_FOR_CPU


def find_gpu() -> Gpu | None:
    """The first NVIDIA GPU and its memory, if its driver tells; takes up to seconds."""
    try:
        answer = subprocess.run(  # noqa: S603 - nothing of it comes from elsewhere
            _NVIDIA_SMI,
            capture_output=True,
            check=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows has it
        ).stdout
        name, total, free = answer.splitlines()[0].rsplit(",", 2)
        return Gpu(name.strip(), int(total), int(free))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def gpu_lately() -> Gpu | None:
    """As it was within the last seconds: whoever asks often does not wait every time."""
    return _gpu_at(int(time.monotonic() // _LATELY_S))


@lru_cache(maxsize=1)
def _gpu_at(_: int) -> Gpu | None:
    return find_gpu()


@cache
def gpu_at_start() -> Gpu | None:
    """As it was when it was asked first."""
    return find_gpu()


def batch_size(providers: tuple[str, ...], each_mb: int) -> int:
    """How many pictures that take `each_mb` to look at together: one on the CPU, where more gain
    nothing, and as many as the free memory of the GPU allows.
    """
    gpu = gpu_at_start() if CUDA in providers else None
    if gpu is None:
        return 1
    return min(max(int(_SHARE * gpu.free_mb / each_mb), 1), _LARGEST_BATCH)
