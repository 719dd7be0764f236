# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips at work on the server: one after the other in a thread beside that of photos."""

import contextlib
import errno
import logging
import secrets
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock
from typing import Final, Protocol

from model_server.clips.estimator import ClipOptions, ClipRun
from model_server.clips.events import LAST, EventLog
from model_server.clips.inbox import Inbox
from model_server.clips.sequence import ImageSource
from model_server.clips.source import ClipSource, Problem
from model_server.clips.video import VideoSource
from model_server.clips.wire import ClipQuestion, frame_event, opened_event, problem_event
from model_server.errors import (
    BusyError,
    DiskFullError,
    HundError,
    InternalError,
    UnknownClipError,
)

logger = logging.getLogger(__name__)

_SILENCE_S: Final = 1800.0  # after which a clip that nobody asks for is dropped
_LEFTOVER_S: Final = 2 * 86400.0  # untouched for so long, it is of a server that was killed
_FOLDERS: Final = "hund-clip-"


class ClipEstimator(Protocol):
    """What jobs need of a pipeline."""

    def clip(self, source: ClipSource, options: ClipOptions, folder: Path) -> ClipRun: ...


class Job:
    """One clip: what was asked, what was sent, what happened, what came out."""

    def __init__(self, question: ClipQuestion, folder: Path) -> None:
        self.question, self.folder = question, folder
        self.log = EventLog(folder / "events")
        self.inbox = Inbox(question.frames, folder) if question.frames else None
        self.video, self.result = folder / "video", folder / "result.npz"
        self.asked_s = time.monotonic()  # when somebody asked for it last
        self.is_queued = False  # everything to begin with was sent
        self._is_working = False
        self._cancelled = Event()
        self._source: ClipSource | None = None
        self._lock = Lock()

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """End soon; a clip that is not at work yet ends at once."""
        with self._lock:
            self._cancelled.set()
            if not self._is_working and not self.log.is_complete:
                self._end()
        if self.inbox is not None:
            self.inbox.stop()
        if self._source is not None:
            self._source.stop()

    def work(self, estimator: ClipEstimator) -> None:
        """From what was sent to the result; whatever happens, the log is complete in the end."""
        with self._lock:
            if self.log.is_complete:
                return
            self._is_working = True
        try:
            self._estimate(estimator)
        except OSError as error:
            self._tell(Problem(None, _of_disk(error)))
        except HundError as error:
            if not self.is_cancelled:  # else what was not sent is not missing
                self._tell(Problem(None, error))
        except Exception:
            logger.exception("a clip failed")
            told = InternalError("The server failed on this clip.", "Its log has the details.")
            self._tell(Problem(None, told))
        with self._lock:
            self._end()

    def _estimate(self, estimator: ClipEstimator) -> None:
        self._source = source = self._opened()
        if self.is_cancelled:
            source.stop()
        run = estimator.clip(source, self.question.options(), self.folder)
        try:
            self.log.add("opened", opened_event(source.info, run.camera))
            try:
                self._follow(run)
            except OSError as error:  # what was made so far is kept
                self._tell(Problem(None, _of_disk(error)))
            run.result().save(self.result)
            self.log.add("refined", {})
        finally:
            run.close()
            source.close()

    def _follow(self, run: ClipRun) -> None:
        for found in run.frames():
            if isinstance(found, Problem):
                self._tell(found)
            else:
                self.log.add("frame", frame_event(found))
            if self.log.failure is not None:
                raise self.log.failure
            if self.is_cancelled:
                return

    def _opened(self) -> ClipSource:
        wanted = self.question.wanted()
        if self.inbox is None:
            return VideoSource(self.video, wanted)
        return ImageSource("images", self.inbox.frames(), wanted, len(self.question.frames or ()))

    def _tell(self, problem: Problem) -> None:
        self.log.add("problem", problem_event(problem))

    def _end(self) -> None:
        self.video.unlink(missing_ok=True)
        self.log.add(LAST, {"cancelled": self.is_cancelled})

    def drop(self) -> None:
        """Forget the clip and all its files."""
        self.cancel()
        shutil.rmtree(self.folder, ignore_errors=True)


class Jobs:
    """The clips that the server knows; to be used from one event loop."""

    def __init__(self, estimator: ClipEstimator, most: int) -> None:
        self._estimator, self._most = estimator, most
        self._jobs: dict[str, Job] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clip")
        _remove_leftovers()

    def create(self, question: ClipQuestion) -> str:
        """A new clip's identity; makes room for it if clips are finished or forgotten."""
        self._make_room()
        identity = secrets.token_hex(8)
        self._jobs[identity] = Job(question, Path(tempfile.mkdtemp(prefix=_FOLDERS)))
        return identity

    def find(self, identity: str) -> Job:
        if identity not in self._jobs:
            raise UnknownClipError(
                "The server does not know this clip (any more).", "Send the clip again."
            )
        job = self._jobs[identity]
        job.asked_s = time.monotonic()
        return job

    def begin(self, job: Job) -> None:
        """Put a clip in line; once."""
        if not job.is_queued:
            job.is_queued = True
            self._thread.submit(job.work, self._estimator)

    def cancel(self, identity: str) -> None:
        """End a clip, or drop one that has ended."""
        job = self.find(identity)
        if job.log.is_complete:
            self._drop(identity)
        else:
            job.cancel()

    def _make_room(self) -> None:
        now = time.monotonic()
        oldest_first = sorted(self._jobs, key=lambda identity: self._jobs[identity].asked_s)
        for identity in oldest_first:
            job = self._jobs[identity]
            crowded = len(self._jobs) >= self._most and job.log.is_complete
            if crowded or now - job.asked_s > _SILENCE_S:
                self._drop(identity)
        if len(self._jobs) >= self._most:
            raise BusyError(
                "Too many clips are at work already.", "Wait for one to end, or cancel it."
            )

    def _drop(self, identity: str) -> None:
        self._jobs.pop(identity).drop()

    def close(self) -> None:
        for identity in list(self._jobs):
            self._drop(identity)
        self._thread.shutdown(cancel_futures=True)


def _remove_leftovers() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*"):
        with contextlib.suppress(OSError):  # somebody else's, or gone already
            touched = (path.stat().st_mtime for path in (folder, *folder.iterdir()))
            if time.time() - max(touched) > _LEFTOVER_S:
                shutil.rmtree(folder)


def _of_disk(error: OSError) -> HundError:
    if error.errno == errno.ENOSPC:
        return DiskFullError(
            "The disk of the server is full: the clip ends here, what was made is kept.",
            "Make room in its folder for temporary files and send the rest.",
        )
    return InternalError(f"A file of the clip failed: {error.strerror}.", "Send the clip again.")
