# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the server's own Python environment out of what the add-on brings."""
