# SPDX-License-Identifier: GPL-3.0-or-later
"""What hands do: gestures by the angles of their fingers, left hand, degrees from the reference.

Thumb: root bend (across the palm), root spread (out of the palm's plane), root twist, middle bend,
middle spread, outer bend. Other fingers: knuckle bend, spread (towards the thumb), middle bend,
outer bend.
"""

from typing import Final

from model_server.learning.hands.articulation import named
from model_server.learning.mocap.so3 import Array

Finger = tuple[float, ...]
_STRAIGHT: Final[Finger] = (-16, 0, -8, -2)
_IN: Final[Finger] = (68, 0, 92, 50)  # folded into the palm
_HALF: Final[Finger] = (40, 0, 60, 35)
_THUMB_FLAT: Final[Finger] = (8, -12, 0, 0, 0, -5)
_THUMB_OUT: Final[Finger] = (-25, 0, 0, -10, 0, -10)
_THUMB_OVER: Final[Finger] = (25, 22, 10, 30, 0, 35)  # across folded fingers
_THUMB_OPPOSED: Final[Finger] = (18, 25, 18, 15, 0, 20)


def _fingers(thumb: Finger, index: Finger, middle: Finger, ring: Finger, pinky: Finger) -> Array:
    return named(thumb=thumb, index=index, middle=middle, ring=ring, pinky=pinky)


def _alike(thumb: Finger, finger: Finger) -> Array:
    return _fingers(thumb, finger, finger, finger, finger)


GESTURES: Final[dict[str, Array]] = {
    "relaxed": _fingers((5, 5, 0, 8, 0, 12), (8, 0, 22, 10), (14, 0, 28, 14), (18, 0, 30, 16),
                        (20, 0, 30, 16)),
    "hanging": _fingers((8, 8, 0, 12, 0, 15), (15, -2, 35, 18), (22, 0, 42, 22), (26, 2, 44, 24),
                        (28, 4, 42, 22)),
    "flat": _fingers(_THUMB_FLAT, (-16, -5, -8, -2), (-16, 0, -8, -2), (-16, 5, -8, -2),
                     (-16, 10, -8, -2)),
    "spread": _fingers((-25, 8, 0, -10, 0, -8), (-18, 14, -8, -2), (-18, 2, -8, -2),
                       (-18, -9, -8, -2), (-18, -18, -8, -2)),
    "bent back": _alike(_THUMB_OUT, (-38, 0, -8, -4)),
    "fist": _alike(_THUMB_OVER, _IN),
    "loose fist": _alike((18, 18, 8, 25, 0, 30), (55, 0, 80, 45)),
    "thumb in fist": _alike((30, 12, 10, 40, 0, 45), (50, 0, 85, 45)),
    "thumb up": _alike(_THUMB_OUT, _IN),
    "thumb beside fist": _alike((5, -10, 0, 10, 0, 5), _IN),
    "point": _fingers(_THUMB_OVER, _STRAIGHT, _IN, _IN, _IN),
    "point, thumb out": _fingers(_THUMB_OUT, _STRAIGHT, _IN, _IN, _IN),
    "point loosely": _fingers((10, 8, 0, 15, 0, 15), (-5, 0, 10, 5), (40, 0, 60, 30),
                              (48, 0, 65, 35), (50, 0, 65, 35)),
    "two": _fingers(_THUMB_OVER, (-14, 12, -8, -2), (-14, -8, -8, -2), _IN, _IN),
    "two together": _fingers(_THUMB_OVER, (-14, -5, -8, -2), (-14, 3, -8, -2), _IN, _IN),
    "three": _fingers(_THUMB_OVER, (-14, 10, -8, -2), (-14, 0, -8, -2), (-14, -10, -8, -2), _IN),
    "four": _fingers((28, 10, 10, 35, 0, 40), (-14, 10, -8, -2), (-14, 2, -8, -2),
                     (-14, -6, -8, -2), (-14, -15, -8, -2)),
    "three from the thumb": _fingers(_THUMB_OUT, (-14, 8, -8, -2), (-14, -6, -8, -2), _IN, _IN),
    "pinky": _fingers(_THUMB_OVER, _IN, _IN, _IN, _STRAIGHT),
    "horns": _fingers(_THUMB_OVER, _STRAIGHT, _IN, _IN, _STRAIGHT),
    "pinch": _fingers((12, 25, 15, 10, 0, 25), (38, 0, 50, 25), (20, 0, 30, 15), (15, 0, 25, 12),
                      (10, 0, 20, 10)),
    "pinch, fist": _fingers((12, 25, 15, 10, 0, 25), (38, 0, 50, 25), (50, 0, 75, 40),
                            (58, 0, 82, 45), (60, 0, 82, 45)),
    "key grip": _fingers((15, -5, 5, 15, 0, 20), (45, 0, 65, 35), (55, 0, 78, 42), (60, 0, 82, 45),
                         (62, 0, 82, 45)),
    "writing": _fingers((15, 22, 15, 18, 0, 25), (30, 0, 45, 20), (35, 0, 55, 28), (45, 0, 65, 35),
                        (50, 0, 65, 35)),
    "tips together": _alike(_THUMB_OPPOSED, (45, 0, 35, 18)),
    "bottle": _alike((5, 28, 12, 10, 0, 15), (30, 0, 42, 28)),
    "bar": _alike((18, 25, 12, 22, 0, 25), (50, 0, 68, 40)),
    "rope": _alike((22, 20, 10, 30, 0, 35), (62, 0, 85, 50)),
    "ball": _fingers((-5, 30, 12, 5, 0, 15), (15, 8, 35, 22), (15, 1, 35, 22), (15, -7, 35, 22),
                     (15, -14, 35, 22)),
    "large ball": _fingers((-15, 22, 8, 0, 0, 8), (0, 12, 20, 14), (0, 2, 20, 14), (0, -8, 20, 14),
                           (0, -16, 20, 14)),
    "phone": _fingers((0, 15, 8, 5, 0, 5), (25, 3, 40, 20), (30, 0, 42, 22), (32, -3, 42, 22),
                      (32, -6, 40, 20)),
    "claw": _fingers((-10, 18, 5, 10, 0, 40), (-20, 8, 60, 40), (-20, 1, 60, 40), (-20, -6, 60, 40),
                     (-20, -12, 60, 40)),
    "hook": _alike((5, 0, 0, 5, 0, 5), (0, 0, 85, 55)),
    "roof": _alike((5, 10, 0, 5, 0, 0), (60, 0, -5, -2)),
    "cup": _fingers((0, 28, 12, 5, 0, 5), (25, -3, 15, 8), (28, 0, 15, 8), (32, 3, 16, 8),
                    (36, 6, 18, 10)),
    "keyboard": _fingers((-5, 12, 5, 5, 0, 10), (5, 5, 35, 18), (8, 1, 40, 20), (8, -4, 38, 20),
                         (5, -9, 32, 16)),
    "counting": _fingers(_THUMB_OPPOSED, _HALF, _HALF, _STRAIGHT, _STRAIGHT),
}  # fmt: skip

# Shown to no network in training.
HELD_OUT: Final[dict[str, Array]] = {
    "ring": _fingers((12, 25, 15, 12, 0, 28), (42, 2, 50, 25), (-5, 0, 8, 4), (-12, -5, 0, 0),
                     (-16, -12, -5, -2)),
    "telephone": _fingers(_THUMB_OUT, _IN, _IN, _IN, (-16, -12, -8, -2)),
    "love": _fingers(_THUMB_OUT, _STRAIGHT, _IN, _IN, _STRAIGHT),
    "vulcan": _fingers((-22, 5, 0, -8, 0, -8), (-16, 6, -8, -2), (-16, 10, -8, -2),
                       (-16, -10, -8, -2), (-16, -8, -8, -2)),
    "middle": _fingers((18, 18, 8, 28, 0, 30), (60, 0, 85, 45), _STRAIGHT, (60, 0, 85, 45), _IN),
    "trigger": _fingers((5, 22, 10, 10, 0, 12), (10, 3, 45, 20), (45, 0, 68, 40), (48, 0, 68, 40),
                        (50, 0, 68, 40)),
    "cigarette": _fingers((0, 12, 5, 8, 0, 12), (2, 6, 12, 6), (4, -4, 14, 7), (30, 0, 45, 25),
                          (35, 0, 45, 25)),
    "chopsticks": _fingers((10, 18, 12, 20, 0, 15), (25, 3, 35, 12), (30, 0, 40, 18),
                           (40, 0, 55, 30), (45, 0, 58, 30)),
}  # fmt: skip
