# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast and how large the server is: `python -m benchmarks.server [photo ...]`.

Starts a server as the add-on does, asks it for the same photos again and again, and prints
milliseconds per request and its memory (Linux: VmRSS after the last request, VmHWM the highest).
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]


def start() -> tuple[subprocess.Popen[bytes], dict[str, Any], float]:
    """The process, its handshake, and the seconds it took."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "model_server", "serve", "--exit-with-stdin"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("The server did not start; run it by hand to see why.")
    return process, json.loads(line), time.perf_counter() - began


def ask(handshake: dict[str, Any], content: bytes) -> tuple[float, dict[str, Any]]:
    """Milliseconds until the answer was read, and the answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{handshake['port']}/estimate",
        content,
        {"Authorization": f"Bearer {handshake['token']}", "Content-Type": "image/jpeg"},
    )
    began = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        content = answer.read()
    return (time.perf_counter() - began) * 1000, json.loads(content)


def memory_mb(process: subprocess.Popen[bytes]) -> dict[str, int]:
    status = Path(f"/proc/{process.pid}/status")
    if not status.is_file():
        return {}
    rows = (line.split() for line in status.read_text().splitlines())
    return {row[0].rstrip(":"): int(row[1]) // 1024 for row in rows if row[0].startswith("Vm")}


def measure(handshake: dict[str, Any], photo: Path, times: int) -> str:
    content = photo.read_bytes()
    ask(handshake, content)
    answers = [ask(handshake, content) for _ in range(times)]
    took = sorted(milliseconds for milliseconds, _ in answers)
    steps = {
        step: statistics.median(answer["timings_ms"][step] for _, answer in answers)
        for step in answers[0][1]["timings_ms"]
    }
    people = len(answers[0][1]["people"])
    return (
        f"{photo.name}: {people} people, median {statistics.median(took):.0f} ms, "
        f"best {took[0]:.0f}, worst {took[-1]:.0f}; steps {steps}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Latency and memory of the server")
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--times", type=int, default=15)
    options = parser.parse_args()
    process, handshake, seconds = start()
    print(f"ready after {seconds:.1f} s")
    for photo in options.photos or [default_photo()]:
        print(measure(handshake, photo, options.times))
    print("memory, MB:", {k: v for k, v in memory_mb(process).items() if k in ("VmRSS", "VmHWM")})
    process.communicate()
    return 0


def default_photo() -> Path:
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"


if __name__ == "__main__":
    sys.exit(main())
