# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips: what is known of people over time, cleaned up and thinned to keys, without Blender."""
