"""
A server that tells all that it was told, to whoever asks: wherever a secret can come
back, it does.
"""

import json
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
        sent = self._sent()
        if not self.server.locked and self._grant():
            return
        told = " ".join(f"{name}={value}" for name, value in self.headers.items())
        if self.headers["Content-Type"] == "application/json":
            told += f" {sent}"
        # Clients of S3 read errors in XML.
        coded = escape(told)
        body = f"<Error><Code>{coded}</Code><Message>{coded}</Message></Error>".encode()
        self.send_response(self.server.status, told)
        for name in ("X-Trans-Id", "X-Openstack-Request-Id", "X-Amz-Request-Id"):
            self.send_header(name, told)
        self.send_header("Location", f"{self.server.url}/?{told}".replace(" ", "+"))
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _sent(self):
        """
        Read what is sent.
        """
        if self.headers["Transfer-Encoding"] is None:
            length = int(self.headers["Content-Length"] or 0)
            return self.rfile.read(length).decode(errors="replace")
        sent = b""
        while size := int(self.rfile.readline(), 16):
            sent += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return sent.decode(errors="replace")

    def _grant(self):
        """
        Give out a token, as Swift or Keystone do, if that is asked for.
        """
        granted = {"token": {"expires_at": "2100-01-01T00:00:00.000000Z"}}
        if self.path.startswith("/auth"):
            status, body = 200, b""
            name, more = "X-Auth-Token", f"{self.server.url}/v1/AUTH_account"
        elif self.path.startswith("/v3/auth/tokens") and self.command == "POST":
            status, body = 201, json.dumps(granted).encode()
            name, more = "X-Subject-Token", "none"
        else:
            return False
        self.send_response(status)
        self.send_header(name, TOKEN)
        self.send_header("X-Storage-Url", more)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return True

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
