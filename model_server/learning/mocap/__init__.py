# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion capture to poses of the body: read, retarget, keep, and sample for training."""
