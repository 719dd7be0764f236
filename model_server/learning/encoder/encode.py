# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask an encoder."""

from __future__ import annotations

import torch

from model_server.learning.encoder.appearance import disturbed
from model_server.learning.encoder.crop_encoder import Encoded
from model_server.learning.encoder.dataset import Crops
from model_server.learning.encoder.encoder import Encoder


def encode(encoder: Encoder, crops: Crops, generator: torch.Generator | None = None) -> Encoded:
    """The encoder's answer to crops on its own device, to disturbed ones with a generator of that
    device.
    """
    device = next(encoder.parameters()).device
    image, mask, view = (
        seen.to(device).float() / 255 for seen in (crops.image, crops.mask, crops.view)
    )
    if generator is not None:
        image, view = disturbed(image, generator), disturbed(view, generator)
    return encoder(  # type: ignore[no-any-return]
        image.contiguous(memory_format=torch.channels_last),
        mask,
        view.contiguous(memory_format=torch.channels_last),
        crops.landmarks.to(device),
        crops.visibility.to(device),
        crops.told.to(device),
    )
