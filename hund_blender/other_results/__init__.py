# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses and motions that other tools found, read from their files onto our body."""
