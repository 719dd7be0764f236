# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for narrow panels."""

import textwrap


def wrapped(text: str, characters: int) -> list[str]:
    """Lines of at most so many characters, nothing for no text; long paths are broken."""
    return textwrap.wrap(text, characters, break_long_words=True, break_on_hyphens=False)
