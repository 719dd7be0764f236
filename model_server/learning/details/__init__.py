# SPDX-License-Identifier: GPL-3.0-or-later
"""What hands and faces have in common: small crops, turned upright, an encoder that reads them, and
what their descents are told of it.
"""
