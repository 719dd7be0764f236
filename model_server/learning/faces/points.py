# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the detector's 478 points the face network reads: outlines that move with expressions,
and calm places that tell how the head is turned.
"""

from __future__ import annotations

from typing import Final

# Indices of mediapipe's face mesh.
LIPS: Final = (
    0, 13, 14, 17, 37, 39, 40, 61, 78, 80, 81, 82, 84, 87, 88, 91, 95, 146, 178, 181, 185, 191,
    267, 269, 270, 291, 308, 310, 311, 312, 314, 317, 318, 321, 324, 375, 402, 405, 409, 415,
)  # fmt: skip
LEFT_EYE: Final = (
    249, 263, 362, 373, 374, 380, 381, 382, 384, 385, 386, 387, 388, 390, 398, 466
)  # fmt: skip
RIGHT_EYE: Final = (
    7, 33, 133, 144, 145, 153, 154, 155, 157, 158, 159, 160, 161, 163, 173, 246
)  # fmt: skip
LEFT_BROW: Final = (276, 282, 283, 285, 293, 295, 296, 300, 334, 336)
RIGHT_BROW: Final = (46, 52, 53, 55, 63, 65, 66, 70, 105, 107)
LEFT_IRIS: Final = (473, 474, 475, 476, 477)  # the centre first
RIGHT_IRIS: Final = (468, 469, 470, 471, 472)
OVAL: Final = (
    10, 54, 58, 93, 109, 132, 136, 149, 152, 162, 234, 284, 288, 323, 338, 361, 365, 378, 389, 454
)  # fmt: skip
NOSE: Final = (1, 2, 4, 5, 6, 19, 48, 64, 94, 97, 98, 115, 168, 195, 197, 278, 294, 326, 327, 344)
CHEEKS: Final = (36, 50, 101, 117, 187, 205, 266, 280, 330, 346, 411, 425)
FOREHEAD: Final = (8, 9, 151)

POINTS: Final = (
    *LIPS, *LEFT_EYE, *RIGHT_EYE, *LEFT_BROW, *RIGHT_BROW, *LEFT_IRIS, *RIGHT_IRIS,
    *OVAL, *NOSE, *CHEEKS, *FOREHEAD,
)  # fmt: skip
IRISES: Final = (*LEFT_IRIS, *RIGHT_IRIS)
DETECTED: Final = 478
# Corners that define the head's axes in the detector's own points: outer corners of the eyes,
# forehead and chin.
EYE_LEFT, EYE_RIGHT, TOP, CHIN = (POINTS.index(index) for index in (263, 33, 10, 152))
