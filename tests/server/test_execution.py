# SPDX-License-Identifier: GPL-3.0-or-later
"""No test has a GPU: ONNX Runtime and nvidia-smi are played, everything behind them is real."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest

from model_server import execution
from model_server.execution import CPU, CUDA, Gpu, batch_size, find_gpu, open_on_best, why_cpu
from model_server.own_detector import KeypointNetwork
from model_server.session import open_session
from tests.server.doubles import FakeEstimator, running
from tests.server.tiny_detector import KEYPOINTS, SIZE, write_finds_at


@dataclass
class PlayedRuntime:
    """ONNX Runtime on a machine whose CUDA is there, broken, or missing."""

    available: tuple[str, ...] = (CUDA, CPU)
    fails: str = ""  # with this, when a session is made on CUDA
    gives: tuple[str, ...] = (CUDA, CPU)
    asked: list[list[str]] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)  # of CUDA
    SessionOptions = MagicMock

    def get_available_providers(self) -> list[str]:
        return list(self.available)

    def preload_dlls(self) -> None:
        pass

    def InferenceSession(self, *_: Any, providers: list[Any], **__: Any) -> Any:  # noqa: N802
        self.options |= next((one[1] for one in providers if isinstance(one, tuple)), {})
        names = [one if isinstance(one, str) else one[0] for one in providers]
        self.asked.append(names)
        if CUDA in names and self.fails:
            raise RuntimeError(self.fails)
        given = [name for name in names if name in self.gives]
        return SimpleNamespace(get_providers=lambda: given)


@pytest.fixture(autouse=True)
def nothing_told() -> Iterator[None]:
    execution._reasons.clear()
    execution.gpu_at_start.cache_clear()
    yield
    execution._reasons.clear()
    execution.gpu_at_start.cache_clear()


def opened(monkeypatch: pytest.MonkeyPatch, runtime: PlayedRuntime) -> tuple[str, ...]:
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    return tuple(open_on_best(Path("network.onnx"), None).get_providers())


def test_cuda_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = PlayedRuntime()
    providers = opened(monkeypatch, runtime)
    assert providers == (CUDA, CPU)
    assert runtime.asked == [[CUDA, CPU]]
    assert runtime.options["use_tf32"] == "0"
    assert why_cpu(providers) is None


def test_descents_stay_on_the_cpu_and_the_encoder_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runtime = PlayedRuntime()
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    (graph := tmp_path / "network.onnx").touch()
    assert open_session(graph, 1).get_providers() == [CPU]
    assert open_session(graph, 1, gpu=True).get_providers() == [CUDA, CPU]


@pytest.mark.parametrize(
    ("runtime", "reason"),
    [
        (PlayedRuntime(fails="CUDA failure 35: driver too old\nat here"), "failure 35: driver"),
        (PlayedRuntime(gives=(CPU,)), "driver or libraries are missing"),
        (PlayedRuntime(available=(CPU,)), "installed for the CPU"),
    ],
)
def test_the_cpu_takes_over_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    runtime: PlayedRuntime,
    reason: str,
) -> None:
    with caplog.at_level(logging.WARNING):
        providers = opened(monkeypatch, runtime)
        assert opened(monkeypatch, runtime) == providers == (CPU,)
    told = why_cpu(providers)
    assert told is not None
    assert reason in told
    assert "\n" not in told
    # A second network says nothing new, and whoever installed for the CPU is not warned.
    assert len(caplog.records) == (0 if runtime.available == (CPU,) else 1)


def play_smi(monkeypatch: pytest.MonkeyPatch, answer: str | Exception) -> None:
    def run(*_: Any, **__: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(stdout=answer)

    monkeypatch.setattr(subprocess, "run", run)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("NVIDIA GeForce RTX 4070, 12282, 10100\n", Gpu("NVIDIA GeForce RTX 4070", 12282, 10100)),
        ("A, 1, 2\nB, 3, 4\n", Gpu("A", 1, 2)),
        ("NVIDIA GB10, [N/A], [N/A]\n", None),
        ("", None),
        (FileNotFoundError(), None),
        (subprocess.TimeoutExpired("nvidia-smi", 5), None),
    ],
)
def test_memory_is_told_where_the_driver_tells(
    monkeypatch: pytest.MonkeyPatch, answer: str | Exception, found: Gpu | None
) -> None:
    play_smi(monkeypatch, answer)
    assert find_gpu() == found


@pytest.mark.parametrize(("free_mb", "size"), [(200, 1), (4000, 6), (12000, 20), (90000, 32)])
def test_batches_are_as_large_as_memory_allows(
    monkeypatch: pytest.MonkeyPatch, free_mb: int, size: int
) -> None:
    play_smi(monkeypatch, f"GPU, 100000, {free_mb}\n")
    assert batch_size((CUDA, CPU), 300) == size
    assert batch_size((CPU,), 300) == 1


def test_without_knowing_the_memory_pictures_go_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play_smi(monkeypatch, FileNotFoundError())
    assert batch_size((CUDA, CPU), 300) == 1


@pytest.mark.parametrize(("batch", "sizes"), [("batch", [3, 3, 1]), (1, [1] * 7)])
def test_the_own_detector_looks_at_people_in_batches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, batch: int | str, sizes: list[int]
) -> None:
    monkeypatch.setattr("model_server.own_detector.batch_size", lambda *_: 3)
    path = write_finds_at(
        tmp_path / "net.onnx", np.full((KEYPOINTS, 2), 0.5), np.ones(KEYPOINTS), batch=batch
    )
    network = KeypointNetwork(path)
    seen: list[int] = []
    run = network._run
    monkeypatch.setattr(network, "_run", lambda crops: seen.append(len(crops)) or run(crops))
    assert len(network.keypoints([np.zeros((*SIZE, 3), np.uint8)] * 7)) == 7
    assert seen == sizes


def test_health_tells_what_networks_run_on(
    monkeypatch: pytest.MonkeyPatch, tiny_assets: Path
) -> None:
    play_smi(monkeypatch, "NVIDIA L4, 23034, 20000\n")
    estimator = FakeEstimator(providers=(CUDA, CPU))
    with running(estimator, tiny_assets) as client:
        health = client.ask("GET", "/health").json
    assert (health["device"], health["why_cpu"]) == ("cuda", None)
    assert health["gpu"] == {"name": "NVIDIA L4", "memory_mb": 23034, "free_mb": 20000}
    with running(replace(estimator, providers=(CPU,)), tiny_assets) as client:
        health = client.ask("GET", "/health").json
    assert (health["device"], health["gpu"]) == ("cpu", None)
    assert "installed for the CPU" in health["why_cpu"]
