# SPDX-License-Identifier: GPL-3.0-or-later
"""The front-end encoder: a person's crop to landmark heat maps, body-part maps and context
features.
"""
