# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP face of the pipeline: the routes of docs/protocol.md."""

import hashlib
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from model_server import __version__
from model_server.camera import GivenFocal
from model_server.clips.jobs import Jobs
from model_server.clips.routes import router as clips
from model_server.errors import (
    BadRequestError,
    HundError,
    InternalError,
    TooLargeError,
    UnknownRigError,
)
from model_server.execution import CUDA, gpu_lately, why_cpu
from model_server.footprint import resident_mb
from model_server.guard import Guard, error_response
from model_server.image import upright_jpeg
from model_server.memory import Memory
from model_server.pipeline import Estimator
from model_server.settings import SMPLX, Settings, rigs
from model_server.smplx.cached import smplx_asset, terms_of
from model_server.wire import (
    ErrorAnswer,
    EstimateAnswer,
    GpuMemory,
    Health,
    PersonAnswer,
    estimate_answer,
    person_answer,
)
from model_server.wire_correction import CorrectionQuestion
from model_server.wire_estimate import JSON, WithKeypoints, photo_question
from model_server.worker import Worker

logger = logging.getLogger(__name__)

_DRAINED: Final = 4  # bodies up to this many times the bound are read to the end before the refusal
_MAX_PEOPLE: Final = 32

MakeEstimator = Callable[[Settings], Estimator]


def create_app(settings: Settings, make_estimator: MakeEstimator) -> FastAPI:
    """The app; `make_estimator` loads the networks when the server starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        app.state.settings = settings
        app.state.started = time.monotonic()
        app.state.estimator = make_estimator(settings)
        app.state.memory = Memory(settings.max_remembered)
        app.state.worker = Worker(settings.max_waiting)
        app.state.jobs = Jobs(app.state.estimator, settings.max_clips)
        yield
        app.state.jobs.close()
        app.state.worker.close()
        app.state.estimator.close()

    app = FastAPIOffline(  # FastAPI whose page at /docs loads nothing from elsewhere
        title="HUND model server",
        version=__version__,
        lifespan=lifespan,
        redoc_url=None,
        static_url="/docs-files",
        dependencies=[Depends(HTTPBearer(auto_error=False))],
        responses={"default": {"model": ErrorAnswer}},
    )
    app.add_middleware(
        Guard, token=settings.token, host=settings.host, allowed_hosts=settings.allowed_hosts
    )
    _add_routes(app)
    _add_error_answers(app)
    return app


def _add_routes(app: FastAPI) -> None:
    app.get("/health")(health)
    app.get("/body", response_class=Response)(body)
    app.post("/estimate", openapi_extra=_PHOTO_BODY)(estimate)
    app.post("/correct")(correct)
    app.post("/jpeg", openapi_extra=_IMAGE_BODY, response_class=Response)(jpeg)
    app.include_router(clips)


_IMAGE: Final = {"image/*": {"schema": {"type": "string", "format": "binary"}}}
_IMAGE_BODY: Final = {"requestBody": {"required": True, "content": _IMAGE}}
_PHOTO_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {**_IMAGE, JSON: {"schema": WithKeypoints.model_json_schema()}},
    }
}


async def health(request: Request) -> Health:
    """Whether the server can work, and on what."""
    state = request.app.state
    providers = state.estimator.providers
    on_gpu = CUDA in providers
    gpu = await run_in_threadpool(gpu_lately) if on_gpu else None
    return Health(
        version=__version__,
        ready=True,
        device="cuda" if on_gpu else "cpu",
        providers=list(providers),
        why_cpu=why_cpu(providers),
        gpu=None if gpu is None else GpuMemory(**asdict(gpu)),
        detector=state.estimator.detector,
        rigs=rigs(state.settings),
        uptime_s=round(time.monotonic() - state.started, 1),
        memory_mb=resident_mb(),
    )


async def body(request: Request, rig: str = "anny") -> Response:
    """The body asset of a rig, as docs/conventions.md describes it."""
    path = await run_in_threadpool(_asset_path, request.app.state.settings, rig)
    content, tag = _asset(path)
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(content, media_type="application/octet-stream", headers={"ETag": tag})


async def estimate(
    request: Request,
    focal_px: Annotated[float | None, Query(gt=0, description="Focal length, if known")] = None,
    focal_35mm: Annotated[float | None, Query(gt=0, description="Or full-frame equivalent")] = None,
    max_people: Annotated[int, Query(ge=1, le=_MAX_PEOPLE)] = 8,
    thumbnails: Annotated[bool, Query(description="Send small pictures of the people")] = False,
    body: Annotated[Literal["anny", "smplx"], Query(description="Tell it in SMPL-X, too")] = "anny",
) -> EstimateAnswer:
    """The people in the photo whose file is the request's body. With JSON as body, they are those
    whose keypoints come along.
    """
    state = request.app.state
    content = await _read_body(request, state.settings.max_body_bytes)
    content_type = request.headers.get("content-type", "")

    def job() -> EstimateAnswer:
        focal = GivenFocal(px=focal_px, mm_35=focal_35mm)
        asked = photo_question(content, content_type)
        smplx = terms_of(state.settings) if body == SMPLX else None
        found = state.estimator.estimate(
            asked.image, focal=focal, max_people=max_people, keypoints=asked.keypoints
        )
        state.memory.keep(found)
        return estimate_answer(found, thumbnails=thumbnails, smplx=smplx)

    return await state.worker.run(job)


async def jpeg(request: Request) -> Response:
    """The photo whose file is the request's body as a JPEG, upright without EXIF."""
    state = request.app.state
    content = await _read_body(request, state.settings.max_body_bytes)
    upright = await state.worker.run(lambda: upright_jpeg(content))
    return Response(upright, media_type="image/jpeg")


async def correct(request: Request, question: CorrectionQuestion) -> PersonAnswer:
    """One person of a photo that was estimated before, posed from what somebody knows better."""
    state = request.app.state

    def job() -> PersonAnswer:
        found = state.memory.recall(question.photo)
        person = state.estimator.correct(found, question.person, question.correction())
        return person_answer(person, found.people[question.person])

    return await state.worker.run(job)


async def _read_body(request: Request, bound: int) -> bytes:
    """The body, refused above `bound` bytes without ever holding more of it.

    Somewhat larger bodies are read to their end, since a client that is still sending sees a reset
    and not the refusal.
    """
    content, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _DRAINED * bound:
            break
        if size <= bound:
            content += chunk
    if size > bound:
        raise TooLargeError(
            f"The file is larger than {bound // 1024**2} MB.", "Scale the image down."
        )
    return bytes(content)


def _asset_path(settings: Settings, rig: str) -> Path:
    if rig == SMPLX:
        return smplx_asset(settings.smplx, settings.assets)
    if rig not in rigs(settings):
        raise UnknownRigError(
            f"There is no body for the rig {rig!r}.", f"Choose one of: {', '.join(rigs(settings))}."
        )
    return settings.assets / f"{rig}.npz"


@lru_cache(maxsize=2)
def _asset(path: Path) -> tuple[bytes, str]:
    content = path.read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _add_error_answers(app: FastAPI) -> None:
    app.add_exception_handler(HundError, _on_hund_error)
    app.add_exception_handler(RequestValidationError, _on_bad_request)
    app.add_exception_handler(HTTPException, _on_unknown_route)
    app.add_exception_handler(Exception, _on_bug)


async def _on_hund_error(_: Request, error: Exception) -> JSONResponse:
    known = error if isinstance(error, HundError) else InternalError(str(error))
    return error_response(known)


async def _on_bad_request(_: Request, error: Exception) -> JSONResponse:
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    told = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in problems)
    return error_response(BadRequestError(told, "See /docs for what can be asked."))


async def _on_unknown_route(request: Request, error: Exception) -> JSONResponse:
    told = f"{request.method} {request.url.path} is not answered here."
    answer = error_response(BadRequestError(told, "See /docs for what can be asked."))
    answer.status_code = error.status_code if isinstance(error, HTTPException) else 400
    return answer


async def _on_bug(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return error_response(
        InternalError("The server failed on this request.", "Its log has the details.")
    )
