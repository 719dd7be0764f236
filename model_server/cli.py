# SPDX-License-Identifier: GPL-3.0-or-later
"""`hund-server serve`, `hund-server estimate photo.jpg -o out.json`, clips, and batches of them."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from model_server import __version__
from model_server.clips.batch import add_batch
from model_server.clips.command import add_clip, add_descent, add_detector, add_ray, add_smplx
from model_server.errors import BadRequestError, HundError
from model_server.settings import SMPLX, Settings, new_token

if TYPE_CHECKING:
    from model_server.keypoint_files import KeypointFile


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        return options.run(options) or 0
    except HundError as error:
        print(error.told, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("hund-server", description="Photos to posed bodies.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="answer HTTP requests"))
    _add_estimate(commands.add_parser("estimate", help="pose the people in one photo"))
    add_clip(commands.add_parser("clip", help="pose the people in a video or in numbered images"))
    add_batch(commands.add_parser("batch", help="pose the people in many clips"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    default = Settings(token="")
    parser.set_defaults(run=_serve)
    parser.add_argument("--host", default=default.host, help="address to listen on")
    parser.add_argument("--port", type=int, default=default.port, help="0 takes a free one")
    parser.add_argument("--token", help="else the environment variable HUND_TOKEN, else a new one")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when stdin closes")
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME")
    parser.add_argument("--threads", type=int, default=default.threads)
    add_ray(parser)
    add_detector(parser)
    add_descent(parser)
    add_smplx(parser)


def _add_estimate(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_estimate)
    parser.add_argument("photo", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="else standard output")
    parser.add_argument("--focal-px", type=float, help="focal length in pixels, if known")
    parser.add_argument("--focal-35mm", type=float, help="or its full-frame equivalent")
    parser.add_argument("--max-people", type=int, default=8)
    parser.add_argument(
        "--keypoints", type=Path, metavar="FILE", help="JSON that says where people are seen"
    )
    parser.add_argument(
        "--body", choices=["anny", SMPLX], default="anny", help="smplx tells SMPL-X's terms, too"
    )
    add_detector(parser)
    add_descent(parser)
    add_smplx(parser)


def _serve(options: argparse.Namespace) -> None:
    settings = Settings(
        host=options.host,
        port=options.port,
        token=options.token or os.environ.get("HUND_TOKEN") or new_token(),
        exit_with_stdin=options.exit_with_stdin,
        allowed_hosts=tuple(options.allow_host),
        threads=max(options.threads, 1),
        detector=options.detector,
        descent=options.descent,
        smplx=options.smplx,
    )
    if options.ray is not None:
        from model_server.cluster import serve_on_ray

        serve_on_ray(settings, options.ray)
    else:
        from model_server.serve import serve

        serve(settings)


def _estimate(options: argparse.Namespace) -> None:
    from model_server.camera import GivenFocal
    from model_server.pipeline import pipeline_of
    from model_server.smplx.cached import terms_of
    from model_server.wire import estimate_answer

    content = _read(options.photo)
    keypoints = _read_keypoints(options.keypoints, options.photo)
    settings = Settings(detector=options.detector, descent=options.descent, smplx=options.smplx)
    smplx = terms_of(settings) if options.body == SMPLX else None
    pipeline = pipeline_of(settings)
    focal = GivenFocal(px=options.focal_px, mm_35=options.focal_35mm)
    found = pipeline.estimate(
        content, focal=focal, max_people=options.max_people, keypoints=keypoints
    )
    text = estimate_answer(found, smplx=smplx).model_dump_json(indent=1)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        print(text)
    pipeline.close()


def _read_keypoints(path: Path | None, photo: Path) -> "KeypointFile | None":
    from model_server.keypoint_files import KeypointFile

    if path is None:
        return None
    try:
        return KeypointFile(json.loads(_read(path)), photo.name)
    except ValueError as error:
        raise BadRequestError(f"{path} is no JSON ({error}).", "Write the file again.") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadRequestError(
            f"Cannot read {path}: {error.strerror}.", "Check the name."
        ) from error
