# SPDX-License-Identifier: GPL-3.0-or-later
"""The only folder that writes to bpy.data."""
