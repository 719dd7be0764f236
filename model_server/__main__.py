# SPDX-License-Identifier: GPL-3.0-or-later
import sys

from model_server.cli import main

sys.exit(main())
