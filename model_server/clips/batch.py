# SPDX-License-Identifier: GPL-3.0-or-later
"""`hund-server batch clips/ -o motions/`: many clips to motion files, one failing by itself."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Final, TextIO

from model_server.clips.command import (
    add_descent,
    add_detector,
    add_options,
    add_ray,
    options_of,
    wanted_of,
)
from model_server.clips.estimator import ClipOptions
from model_server.clips.jobs import ClipEstimator
from model_server.clips.opening import open_clip
from model_server.clips.sequence import is_hidden, is_image
from model_server.clips.source import Problem
from model_server.clips.timeline import Wanted
from model_server.errors import BadRequestError, HundError
from model_server.settings import Settings

logger = logging.getLogger(__name__)

SOME_FAILED: Final = 3
_VIDEOS: Final = (
    *(".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".mts", ".m2ts", ".mxf"),
    *(".wmv", ".ogv", ".flv", ".gif"),
)


@dataclass(frozen=True)
class Task:
    """A clip and where its motion goes."""

    clip: Path
    output: Path
    wanted: Wanted
    options: ClipOptions


@dataclass(frozen=True)
class Outcome:
    """What became of a clip."""

    clip: Path
    people: int
    problems: tuple[str, ...]  # with their remedies; the motion has what could be read
    failure: str = ""  # why there is no motion


class BatchWorker:
    """Holds one pipeline and does one clip after the other."""

    def __init__(self, pipeline: ClipEstimator) -> None:
        self._pipeline = pipeline

    def do(self, task: Task) -> Outcome:
        """Write the motion of a clip; whatever happens to it is told in the outcome."""
        try:
            return self._done(task)
        except HundError as error:
            return _failed(task, error.told)
        except OSError as error:
            told = f"{error.filename or task.output}: {error.strerror}."
            return _failed(task, f"{told} Check the disk and who may write there.")
        except Exception as error:
            logger.exception("%s failed", task.clip)
            return _failed(task, f"It failed ({type(error).__name__}). The log has the details.")

    def _done(self, task: Task) -> Outcome:
        source = open_clip(task.clip, task.wanted)
        try:
            run = self._pipeline.clip(source, task.options, Path(gettempdir()))
            try:
                problems = tuple(p.told for p in run.frames() if isinstance(p, Problem))
                result = run.result()
            finally:
                run.close()
        finally:
            source.close()
        task.output.parent.mkdir(parents=True, exist_ok=True)
        result.save(task.output)
        return Outcome(task.clip, len(result.motions), problems)


def _failed(task: Task, why: str) -> Outcome:
    return Outcome(task.clip, 0, (), why)


def add_batch(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_batch)
    parser.add_argument(
        "clips",
        nargs="+",
        type=Path,
        help="videos, folders of images, folders of such, or .txt files with one of them a line",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the motions")
    add_ray(parser)
    parser.add_argument("--workers", type=int, help="with --ray: at most so many at once")
    add_options(parser)
    add_detector(parser)
    add_descent(parser)


def _batch(options: argparse.Namespace) -> int:
    tasks = tasks_of(clips_in(options.clips), options)
    left = [task for task in tasks if not task.output.exists()]
    if len(left) < len(tasks):
        sys.stderr.write(f"{len(tasks) - len(left)} of {len(tasks)} clips are done already\n")
    outcomes = _follow(_doing(options)(left), len(left), sys.stderr) if left else []
    return summed_up(outcomes, len(tasks) - len(left), sys.stderr)


def _doing(options: argparse.Namespace) -> Callable[[Sequence[Task]], Iterator[Outcome]]:
    settings = Settings(detector=options.detector, descent=options.descent)
    if options.ray is None:
        return lambda tasks: done_here(tasks, settings)
    from model_server.cluster import done_on_ray

    return lambda tasks: done_on_ray(tasks, settings, options.ray, options.workers)


def done_here(tasks: Sequence[Task], settings: Settings) -> Iterator[Outcome]:
    """One after the other, in this process."""
    from model_server.pipeline import pipeline_of

    pipeline = pipeline_of(settings)
    try:
        worker = BatchWorker(pipeline)
        for task in tasks:
            yield worker.do(task)
    finally:
        pipeline.close()


def clips_in(paths: Iterable[Path]) -> list[Path]:
    """Clips by their paths; what a folder or a list holds comes in the order of the names there."""
    found: list[Path] = []
    for path in paths:
        if path.suffix.lower() == ".txt":
            found += clips_in(_listed(path))
        elif path.is_dir() and not _is_sequence(path):
            inside = [each for each in sorted(path.iterdir()) if _is_clip(each)]
            if not inside:
                raise BadRequestError(f"There are no clips in {path}.", "Check the folder.")
            found += inside
        else:
            found.append(path)  # one that is missing fails by itself, later
    return list(dict.fromkeys(found))


def _listed(path: Path) -> list[Path]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequestError(f"Cannot read the list {path}.", "Check its name.") from error
    return [path.parent / line.strip() for line in lines if line.strip()]


def _is_clip(path: Path) -> bool:
    if path.is_dir():
        return _is_sequence(path)
    return path.suffix.lower() in _VIDEOS and not is_hidden(path)


def _is_sequence(folder: Path) -> bool:
    return any(is_image(path) for path in folder.iterdir())


def tasks_of(clips: Sequence[Path], options: argparse.Namespace) -> list[Task]:
    wanted, asked = wanted_of(options), options_of(options)
    outputs: dict[Path, Path] = {}
    for clip in clips:
        output = options.output / f"{clip.name}.npz"
        other = outputs.setdefault(output, clip)
        if other != clip:
            raise BadRequestError(
                f"{other} and {clip} would both become {output}.", "Use a folder for each."
            )
    return [Task(c.resolve(), o.resolve(), wanted, asked) for o, c in outputs.items()]


def _follow(outcomes: Iterable[Outcome], count: int, stream: TextIO) -> list[Outcome]:
    """All of them, a line for each; interrupted by the keyboard, those that were done."""
    done: list[Outcome] = []
    try:
        for outcome in outcomes:
            done.append(outcome)
            told = "failed" if outcome.failure else f"{outcome.people} people"
            stream.write(f"{len(done)} of {count}: {outcome.clip.name}: {told}\n")
            stream.flush()
    except KeyboardInterrupt:
        stream.write("stopped: the same command goes on from here\n")
        raise
    return done


def summed_up(outcomes: Sequence[Outcome], before: int, stream: TextIO) -> int:
    """The exit status; what went wrong is listed, clip by clip."""
    failed = [outcome for outcome in outcomes if outcome.failure]
    for outcome in outcomes:
        for line in (outcome.failure, *outcome.problems):
            if line:
                stream.write(f"{outcome.clip}: {line}\n")
    made = len(outcomes) - len(failed) + before
    stream.write(f"{made} clips have their motion, {len(failed)} failed\n")
    if not failed:
        return 0
    return SOME_FAILED if made else 1
