# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for the server's package, run as real child processes."""

import sys
import textwrap
from pathlib import Path

GREETING = """
    import json, sys, time
    sys.stderr.write("loading\\n")
    print("a library says hello", flush=True)
    where = {"host": "127.0.0.1", "port": 1234, "token": "abc"}
    print(json.dumps({"hund_server": "1"} | where), flush=True)
"""
UNTIL_STDIN_CLOSES = GREETING + "    sys.stdin.read()\n"
DEAF = GREETING + "    time.sleep(60)\n"
SLOW = (
    """
    import time
    time.sleep(0.5)
"""
    + UNTIL_STDIN_CLOSES
)
HEALTHY = """
    import http.server, json, sys, threading

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer = json.dumps({"device": "cpu", "memory_mb": 321}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    where = {"host": "127.0.0.1", "port": server.server_port, "token": "abc"}
    print(json.dumps(where), flush=True)
    sys.stdin.read()
"""
TELLS_ARGUMENTS = """
    import json, os, sys
    told = "|".join([str(os.getpid()), *sys.argv[1:]])
    print(json.dumps({"host": "127.0.0.1", "port": 1234, "token": told}), flush=True)
    sys.stdin.read()
"""
DYING = GREETING + "    time.sleep(0.3)\n"
BROKEN = """
    import sys
    sys.exit("No module named onnxruntime")
"""
SILENT = """
    import sys
    sys.stdin.read()
"""


def install(folder: Path, program: str) -> Path:
    """Lay out a project whose model_server is the program; returns its environment's python."""
    package = folder / "model_server"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(textwrap.dedent(program))
    python = folder / ".env" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    return python
