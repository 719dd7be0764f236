# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that needs torch: the body, the training data, the networks, and their export."""
