"""
A server that tells all that it was told, to whoever asks: wherever a secret can come
back, it does.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

TOKEN = "AUTH_tk0123456789abcdef"
"""The token that it gives out."""


class _Handler(BaseHTTPRequestHandler):
    """
    Answers each request.
    """

    protocol_version = "HTTP/1.1"

    def _answer(self):
        self.server.seen.append((self.command, self.path, str(self.headers)))
        length = int(self.headers["Content-Length"] or 0)
        self.rfile.read(length)
        if self.path.startswith("/auth") and not self.server.locked:
            self.send_response(200)
            self.send_header("X-Auth-Token", TOKEN)
            self.send_header("X-Storage-Url", f"{self.server.url}/v1/AUTH_account")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        told = " ".join(f"{name}={value}" for name, value in self.headers.items())
        # Clients of S3 read errors in XML.
        coded = escape(told)
        body = f"<Error><Code>{coded}</Code><Message>{coded}</Message></Error>".encode()
        self.send_response(self.server.status, told)
        self.send_header("X-Told", told)
        self.send_header("Location", f"{self.server.url}/?{told}".replace(" ", "+"))
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, *args):
        pass


class Echo(ThreadingHTTPServer):
    """
    The server.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = self.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.status = 403
        self.locked = False
        """Whether it gives no token to anybody."""
        self.seen = []
        """What it was asked: method, path, and headers."""

    def start(self):
        """
        Begin to answer.
        """
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        """
        End.
        """
        self.shutdown()
        self.server_close()
