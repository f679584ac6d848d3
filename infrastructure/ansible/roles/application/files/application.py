#!/usr/bin/env python3
"""What an instance runs until the shop's own program is put in its place: it answers /health on PORT."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Health(BaseHTTPRequestHandler):
    """Answers the load balancer."""

    def do_GET(self):
        """200 where health is asked for, 404 elsewhere."""
        self.send_response(200 if self.path == "/health" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """One line for each health check would be all that the log holds."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ["PORT"])), Health).serve_forever()
