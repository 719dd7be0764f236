# SPDX-License-Identifier: GPL-3.0-or-later
"""A model file of SMPL-X that the user has: read safely, and made one more body of ours."""
