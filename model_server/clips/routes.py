# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes of clips, as docs/protocol.md describes them."""

import asyncio
import errno
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import FileResponse, StreamingResponse

from model_server.clips.jobs import Job, Jobs
from model_server.clips.wire import ClipAnswer, ClipQuestion
from model_server.errors import BadRequestError, DiskFullError, NotReadyError, TooLargeError

_POLL_S: Final = 0.05
_BEAT: Final = 200  # polls without an event until a comment tells that the line is alive
_EVENT_STREAM: Final = "text/event-stream"
_FILE_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}

router = APIRouter(prefix="/clips")


@router.post("", status_code=201)
async def create(request: Request, question: ClipQuestion) -> ClipAnswer:
    """A new clip, to be sent and estimated."""
    return ClipAnswer(id=_jobs(request).create(question))


@router.put("/{clip}/video", status_code=204, openapi_extra=_FILE_BODY)
async def send_video(request: Request, clip: str) -> None:
    """The video file of a clip is the request's body."""
    jobs = _jobs(request)
    job = jobs.find(clip)
    if job.inbox is not None:
        raise BadRequestError("This clip is a sequence of images.", "Send its frames.")
    if job.is_queued or job.log.is_complete:
        raise BadRequestError("The video of this clip was sent before.", "Begin a new clip.")
    await _save(request, job.video, request.app.state.settings.max_clip_bytes)
    jobs.begin(job)


@router.put("/{clip}/frames/{number}", status_code=204, openapi_extra=_FILE_BODY)
async def send_frame(request: Request, clip: str, number: int) -> None:
    """One image of a sequence is the request's body."""
    jobs = _jobs(request)
    job = jobs.find(clip)
    if job.inbox is None:
        raise BadRequestError("This clip is a video.", "Name the frames when the clip is begun.")
    if job.log.is_complete:
        raise BadRequestError("This clip has ended.", "Begin a new clip.")
    job.inbox.check(number)
    await _save(request, job.inbox.path(number), request.app.state.settings.max_body_bytes)
    job.inbox.arrived(number)
    jobs.begin(job)


@router.get("/{clip}/events", response_class=StreamingResponse)
async def events(
    request: Request,
    clip: str,
    after: Annotated[int, Query(ge=0, description="Number of the last event that is known")] = 0,
    last_event_id: Annotated[int, Header(ge=0)] = 0,
) -> StreamingResponse:
    """What happens to a clip, as server-sent events, until it is done."""
    job = _jobs(request).find(clip)
    stream = _events(job, max(after, last_event_id))
    return StreamingResponse(
        stream, media_type=_EVENT_STREAM, headers={"Cache-Control": "no-cache"}
    )


@router.get("/{clip}/result", response_class=FileResponse)
async def result(request: Request, clip: str) -> FileResponse:
    """The motion of a clip as a file."""
    job = _jobs(request).find(clip)
    if not job.result.exists():
        told = "did not come to a result" if job.log.is_complete else "is still at work"
        raise NotReadyError(f"This clip {told}.", "Its events tell more.")
    return FileResponse(job.result, media_type="application/octet-stream")


@router.delete("/{clip}", status_code=204)
async def cancel(request: Request, clip: str) -> None:
    """End a clip and keep what was made; asked again, drop it."""
    _jobs(request).cancel(clip)


def _jobs(request: Request) -> Jobs:
    return request.app.state.jobs  # type: ignore[no-any-return]


async def _events(job: Job, number: int) -> AsyncGenerator[bytes]:
    quiet = 0
    while True:
        complete = job.log.is_complete  # asked before, so that the last event is not missed
        for event in job.log.after(number):
            number, quiet = number + 1, 0
            yield event
        if complete:
            return
        await asyncio.sleep(_POLL_S)
        quiet += 1
        if quiet % _BEAT == 0:
            yield b": waiting\n\n"


async def _save(request: Request, path: Path, bound: int) -> None:
    """The body as a file that is there when it is complete, never held in memory."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            size = 0
            async for chunk in request.stream():
                size += len(chunk)
                if size > bound:
                    raise TooLargeError(
                        f"The file is larger than {bound // 1024**2} MB.", "Send a part of it."
                    )
                file.write(chunk)
        partial.replace(path)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise DiskFullError(
            "The disk of the server is full.", "Make room in its folder for temporary files."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
