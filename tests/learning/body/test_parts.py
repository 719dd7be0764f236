# SPDX-License-Identifier: GPL-3.0-or-later
from model_server.learning.body.parts import PART_MIRROR, PART_NAMES, other_side


def test_parts_have_partners() -> None:
    assert other_side("hand_left") == "hand_right"
    assert other_side("head") == "head"
    assert [PART_MIRROR[i] for i in PART_MIRROR] == list(range(len(PART_NAMES)))
