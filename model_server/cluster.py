# SPDX-License-Identifier: GPL-3.0-or-later
"""More than one machine: batches on a Ray cluster, and the app on Ray Serve. Ray is an extra."""

import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, Final

from model_server.app import create_app
from model_server.clips.batch import BatchWorker, Outcome, Task
from model_server.errors import BadRequestError, first_line
from model_server.pipeline import pipeline_of
from model_server.serve import announce
from model_server.settings import Settings

_AT_ONCE: Final = 64  # requests that the replica takes; listening to events is one
_NAME: Final = "hund"
_PORT: Final = 8000  # where no other is asked for
_NO_RAY: Final = "Install it: pip install 'hund[ray]'."


def joined(address: str) -> Any:
    """Ray, once this process belongs to the cluster."""
    try:
        ray: Any = import_module("ray")
    except ImportError as error:
        raise BadRequestError("Ray is not installed.", _NO_RAY) from error
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise BadRequestError(
                f"No Ray cluster answers at {address!r}.",
                "Start one with 'ray start --head', or name the address of one.",
            ) from error
    return ray


def done_on_ray(
    tasks: Sequence[Task], settings: Settings, address: str, workers: int | None = None
) -> Iterator[Outcome]:
    """Clips done by processes of a cluster that hold a model each, as they are ready. Each reads
    the clip and writes the motion by itself: paths have to mean the same on all machines.
    """
    ray = joined(address)
    room = max(int(ray.cluster_resources().get("CPU", 1)) // settings.threads, 1)
    count = min(len(tasks), room, workers or room)
    # A worker that dies takes its clip with it and begins anew.
    remote = ray.remote(num_cpus=settings.threads, max_restarts=-1, max_task_retries=0)(_RayWorker)
    idle = [remote.remote(settings) for _ in range(count)]
    waiting, at_work = list(reversed(tasks)), dict[Any, tuple[Any, Task]]()
    try:
        while waiting or at_work:
            while waiting and idle:
                worker, task = idle.pop(), waiting.pop()
                at_work[worker.do.remote(task)] = (worker, task)
            (ready, *_), _ = ray.wait(list(at_work))
            worker, task = at_work.pop(ready)
            idle.append(worker)
            yield _outcome(ray, ready, task)
    finally:
        for worker in (*idle, *(worker for worker, _ in at_work.values())):
            ray.kill(worker)


class _RayWorker:
    """Loads the networks where it runs."""

    def __init__(self, settings: Settings) -> None:
        self._worker = BatchWorker(pipeline_of(settings))

    def do(self, task: Task) -> Outcome:
        return self._worker.do(task)


def _outcome(ray: Any, ready: Any, task: Task) -> Outcome:
    try:
        return ray.get(ready)  # type: ignore[no-any-return]
    except ray.exceptions.RayError as error:
        why = f"Its worker was lost ({first_line(error)}). The same command tries it again."
        return Outcome(task.clip, 0, (), why)


def application(settings: Settings) -> Any:
    """The app of `create_app` as a Ray Serve application of one replica, which alone knows its
    clips and photos: with a second, a request could reach the one that does not.
    """
    serve: Any = import_module("ray.serve")

    class Hund:
        pass

    deployed = serve.deployment(
        name=_NAME,
        num_replicas=1,
        max_ongoing_requests=_AT_ONCE,
        ray_actor_options={"num_cpus": settings.threads},
    )
    return deployed(serve.ingress(lambda: create_app(settings, pipeline_of))(Hund)).bind()


def start_on_ray(settings: Settings, address: str) -> int:
    """Answer requests from a cluster. Returns the port that the proxy of Ray Serve listens on."""
    joined(address)
    serve: Any = import_module("ray.serve")

    port = settings.port or _PORT
    serve.start(http_options={"host": settings.host, "port": port})
    serve.run(application(settings), name=_NAME, route_prefix="/")
    return port


def serve_on_ray(settings: Settings, address: str) -> None:
    """The same, until told to stop; prints the handshake as `serve` does."""
    if settings.exit_with_stdin:
        raise BadRequestError("--exit-with-stdin is not for --ray.", "Leave it out.")
    port = start_on_ray(settings, address)
    serve: Any = import_module("ray.serve")

    announce(settings, port)
    try:
        while True:
            time.sleep(1)
    finally:
        serve.delete(_NAME)
