# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast clips are: `python -m benchmarks.clip CLIP [--frames 300] [--photos 20]`.

The clip, scaled to 720 lines and repeated forwards and backwards until it has so many frames, goes
through the whole way of clips: decoding, looks, hands, face, encoder, descent, events, and the pass
over all frames. Printed are frames a second, processor time per frame (which other programs on the
machine do not change), and memory as the clip goes on (Linux). Beside it the same frames through a
loop of single photos. `--longest-step` is what a cancelled clip waits for.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from benchmarks.video_files import write_video
from model_server.arrays import ImageArray
from model_server.clips.estimator import ClipOptions, PosedFrame
from model_server.clips.opening import open_clip
from model_server.clips.source import Frame
from model_server.clips.timeline import Wanted
from model_server.clips.wire import frame_event
from model_server.footprint import resident_mb
from model_server.pipeline import Pipeline, load_pipeline
from model_server.settings import ASSETS

LINES: Final = 720
SHORT: Final = 120  # frames of the clip that are repeated
WARM: Final = 10  # frames before the clock starts
STOPS: Final = 8  # of the memory's account


def long_clip(clip: Path, frames: int, folder: Path, last: int | None) -> Path:
    """The clip at 720 lines, there and back again until it is long enough."""
    source = open_clip(clip, Wanted(last=min(last or SHORT, SHORT)))
    shown = [scaled(frame.pixels) for frame in source if isinstance(frame, Frame)]
    path = folder / "long.mp4"
    write_video(path, repeated(shown, frames), source.info.fps)
    return path


def scaled(image: ImageArray) -> ImageArray:
    width = round(image.shape[1] * LINES / image.shape[0] / 2) * 2
    return np.asarray(cv2.resize(image, (width, LINES), interpolation=cv2.INTER_AREA), np.uint8)


def png(image: ImageArray) -> bytes:
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


def repeated(images: list[ImageArray], count: int) -> Iterator[ImageArray]:
    there_and_back = images + images[-2:0:-1]
    for i in range(count):
        yield there_and_back[i % len(there_and_back)]


def as_clip(pipeline: Pipeline, video: Path, frames: int, max_people: int) -> None:
    run = pipeline.clip(open_clip(video, Wanted()), ClipOptions(max_people=max_people))
    began, spent, last, longest, people = 0.0, 0.0, 0.0, 0.0, 0
    memory: list[str] = []
    for count, found in enumerate(run.frames()):
        if isinstance(found, PosedFrame):
            frame_event(found)
            people += len(found.people)
        now = time.perf_counter()
        if count == WARM:
            began, spent = now, time.process_time()
        elif count > WARM:
            longest = max(longest, now - last)
        last = now
        if count % max(frames // STOPS, 1) == 0:
            memory.append(f"{count}: {resident_mb()}")
    wall, processor = time.perf_counter() - began, time.process_time() - spent
    count -= WARM
    print(f"clip: {count} frames, {people / (count + WARM):.2f} people in each")
    print(f"  {count / wall:.2f} frames/s, processor {1000 * processor / count:.0f} ms a frame")
    print(f"  longest step {longest:.2f} s; memory in MB by frame: {', '.join(memory)}")
    began, spent = time.perf_counter(), time.process_time()
    result = run.result()
    took = time.perf_counter() - began, time.process_time() - spent
    print(f"  refined in {took[0]:.2f} s, processor {took[1]:.2f} s; {len(result.motions)} tracks")
    run.close()


def as_photos(pipeline: Pipeline, video: Path, count: int, max_people: int) -> None:
    source = open_clip(video, Wanted(last=count + 1))
    photos = [png(frame.pixels) for frame in source if isinstance(frame, Frame)]
    pipeline.estimate(photos[0], max_people=max_people)
    began, spent = time.perf_counter(), time.process_time()
    for photo in photos[1:]:
        pipeline.estimate(photo, max_people=max_people)
    wall, processor = time.perf_counter() - began, time.process_time() - spent
    print(
        f"photos: {count / wall:.2f} frames/s, processor {1000 * processor / count:.0f} ms a frame"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--photos", type=int, default=20, help="frames that also go as photos")
    parser.add_argument("--max-people", type=int, default=1)
    parser.add_argument("--last", type=int, help="last frame of the clip that is used")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    pipeline = load_pipeline(ASSETS, threads=options.threads)
    with tempfile.TemporaryDirectory() as folder:
        video = long_clip(options.clip, options.frames, Path(folder), options.last)
        as_clip(pipeline, video, options.frames, options.max_people)
        if options.photos:
            as_photos(pipeline, video, options.photos, options.max_people)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"highest memory {peak} MB")
    pipeline.close()


if __name__ == "__main__":
    sys.exit(main())
