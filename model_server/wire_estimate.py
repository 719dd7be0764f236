# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes over the wire to estimate a photo, with keypoints or without (docs/protocol.md)."""

import binascii
from base64 import b64decode
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from model_server.errors import BadRequestError
from model_server.keypoint_files import KeypointFile

JSON: Final = "application/json"


@dataclass(frozen=True)
class PhotoQuestion:
    """The bytes of an image file, and the keypoint file that came with it."""

    image: bytes
    keypoints: KeypointFile | None = None


class WithKeypoints(BaseModel):
    """A photo and what another program saw in it."""

    model_config = ConfigDict(extra="forbid")

    image: str  # base64 of the image file
    keypoints: Any  # what the keypoint file holds
    name: str = ""  # of the image file


def photo_question(body: bytes, content_type: str) -> PhotoQuestion:
    """What a request's body asks for: JSON, or nothing but an image file."""
    if content_type.partition(";")[0].strip().lower() != JSON:
        return PhotoQuestion(body)
    try:
        asked = WithKeypoints.model_validate_json(body)
        image = b64decode(asked.image, validate=True)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors())
        raise BadRequestError(told, "See /docs for what can be asked.") from error
    except (binascii.Error, ValueError) as error:
        raise BadRequestError("“image” is no base64.", "Encode the image file's bytes.") from error
    return PhotoQuestion(image, KeypointFile(asked.keypoints, asked.name))
