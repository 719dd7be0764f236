# SPDX-License-Identifier: GPL-3.0-or-later
"""`hund-server clip in.mp4 -o out.npz`: a clip to a motion file, without a server."""

import argparse
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from model_server.camera import GivenFocal
from model_server.clips.estimator import ClipOptions, ClipRun
from model_server.clips.opening import open_clip
from model_server.clips.source import ClipInfo, Problem
from model_server.clips.timeline import Wanted
from model_server.settings import Settings


def add_clip(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_clip)
    parser.add_argument("clip", type=Path, help="a video file, or a folder of numbered images")
    parser.add_argument("-o", "--output", type=Path, help="else beside the clip, ending in .npz")
    add_options(parser)
    add_detector(parser)
    add_descent(parser)


def add_descent(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--descent",
        type=Path,
        metavar="FILE",
        help="another method (method.md)",
    )


def add_detector(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--detector", type=Path, metavar="FILE", help="a whole-body ONNX network (own_detector.md)"
    )


def add_smplx(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--smplx",
        type=Path,
        metavar="FILE",
        default=os.environ.get("HUND_SMPLX"),
        help="a model file, SMPLX_*.npz or .pkl (smplx.md); else the variable HUND_SMPLX",
    )


def add_ray(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ray", nargs="?", const="auto", metavar="ADDRESS", help="on a Ray cluster that runs"
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fps", type=float, help="frames per second to come out; else its own")
    parser.add_argument("--first", type=int, help="number of the first frame; a video's is 1")
    parser.add_argument("--last", type=int, help="number of the last frame")
    parser.add_argument("--step", type=int, default=1, help="2 takes every other frame, …")
    parser.add_argument("--max-people", type=int, default=4)
    parser.add_argument("--focal-px", type=float, help="focal length in pixels, if known")
    parser.add_argument("--focal-35mm", type=float, help="or its full-frame equivalent")
    parser.add_argument("--no-hands", action="store_true", help="do not look for hands")
    parser.add_argument("--no-face", action="store_true", help="do not look for faces")


def wanted_of(options: argparse.Namespace) -> Wanted:
    return Wanted(options.fps, options.first, options.last, max(options.step, 1))


def options_of(options: argparse.Namespace) -> ClipOptions:
    return ClipOptions(
        max(options.max_people, 1),
        GivenFocal(px=options.focal_px, mm_35=options.focal_35mm),
        hands=not options.no_hands,
        face=not options.no_face,
    )


def _clip(options: argparse.Namespace) -> None:
    from model_server.pipeline import pipeline_of

    source = open_clip(options.clip, wanted_of(options))
    pipeline = pipeline_of(Settings(detector=options.detector, descent=options.descent))
    run = pipeline.clip(source, options_of(options))
    output = options.output or options.clip.with_suffix(".npz")
    follow(run, Progress(source.info, sys.stderr))
    result = run.result()
    result.save(output)
    people, frames = len(result.motions), sum(len(m.frames) for m in result.motions.values())
    sys.stderr.write(f"{output}: {people} people, {frames} poses\n")
    run.close()
    source.close()
    pipeline.close()


def follow(run: ClipRun, progress: "Progress") -> None:
    """Estimate all frames; interrupted by the keyboard, what was made so far is kept."""
    try:
        for found in run.frames():
            if isinstance(found, Problem):
                progress.problem(found)
            else:
                progress.frame()
    except KeyboardInterrupt:
        progress.line("stopped: what was made so far is kept\n")
    progress.end()


@dataclass
class Progress:
    """One line that is written over and over, and a line for every problem."""

    info: ClipInfo
    stream: TextIO
    began: float = field(default_factory=time.monotonic)
    frames: int = 0

    def frame(self) -> None:
        self.frames += 1
        rate = self.frames / max(time.monotonic() - self.began, 1e-6)
        left = max(self.info.frames - self.frames, 0) / rate
        self.line(
            f"{self.frames} of {self.info.frames} frames, {rate:.1f} a second, "
            f"{left // 60:.0f}:{left % 60:02.0f} left"
        )

    def problem(self, problem: Problem) -> None:
        self.line(f"{problem.told}\n")

    def line(self, text: str) -> None:
        self.stream.write(f"\r\x1b[K{text}" if self.stream.isatty() or "\n" in text else "")
        self.stream.flush()

    def end(self) -> None:
        self.line(f"{self.frames} frames in {time.monotonic() - self.began:.1f} s\n")
