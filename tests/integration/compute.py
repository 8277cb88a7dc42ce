"""
A stand-in for Nova, for clients that make images of servers.

It knows nobody: who asks is passed on to the image service, as Nova does.
"""

import json
import threading
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.functional.daemons import PATIENCE

REGION = "RegionOne"


class _Handler(BaseHTTPRequestHandler):
    def handle_any(self):
        """
        Answer a request.
        """
        said = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path))
        try:
            status, headers, told = self.server.answer(
                self.command,
                self.path.strip("/").split("/"),
                json.loads(said) if said else None,
                self.headers.get("X-Auth-Token"),
            )
        except urllib.error.HTTPError as error:
            status, headers, told = error.code, {}, json.load(error)
        body = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

    def log_message(self, *arguments):
        pass


class Compute(ThreadingHTTPServer):
    """
    Servers that only seem to run, and a catalogue that has them: the identity
    service's own answer, with other services.
    """

    daemon_threads = True

    def __init__(self, images):
        """
        @param images: the URL of the image service, which has the users, too.
        """
        super().__init__(("127.0.0.1", 0), _Handler)
        self.images = images
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.servers = {}
        """What there is, by its id."""
        self.asked = []
        """All methods and paths that were asked for."""

    def start(self):
        """
        Begin to answer.
        """
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self):
        """
        Answer nobody any more.
        """
        self.shutdown()
        self._thread.join()
        self.server_close()

    def ask(self, method, path, said=None, **headers):
        """
        Ask the image service, or its users.

        @param said: the body; if it isn't bytes, it is sent as JSON.

        @return: headers and body of the answer.

        @raise HTTPError: it is none of success.
        """
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Content-Type"] = "application/octet-stream"
        if not isinstance(said, bytes | None):
            headers["Content-Type"] = "application/json"
            said = json.dumps(said).encode()
        url = f"{self.images}{path}"
        request = urllib.request.Request(url, said, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.headers, answer.read()

    def make(self, described, data, **headers):
        """
        Make an image with data, and get its id.
        """
        told = self.ask("POST", "/v2/images", described, **headers)[1]
        made = json.loads(told)["id"]
        self.ask("PUT", f"/v2/images/{made}/file", data, **headers)
        return made

    def answer(self, method, path, said, token):
        """
        Do what is asked for.

        @return: a status, headers, and what becomes JSON.
        """
        match method, path:
            case "POST", ["v3", "auth", "tokens"]:
                return self._log_in(said)
            case "GET", ["flavors", name]:
                return 200, {}, {"flavor": {"id": name, "name": name}}
            case "POST", ["servers"]:
                server = {"id": str(uuid.uuid4()), "status": "ACTIVE", **said["server"]}
                self.servers[server["id"]] = server
                return 202, {}, {"server": server}
            case _, ["servers", name, *_] if name not in self.servers:
                return 404, {}, {"itemNotFound": {"code": 404, "message": "gone"}}
            case "GET", ["servers", name]:
                return 200, {}, {"server": self.servers[name]}
            case "DELETE", ["servers", name]:
                del self.servers[name]
                return 204, {}, None
            case "POST", ["servers", name, "action"] if "os-stop" in said:
                self.servers[name]["status"] = "SHUTOFF"
                return 202, {}, None
            case "POST", ["servers", name, "action"]:
                source = self.servers[name]["imageRef"]
                made = self._snapshot(said["createImage"], source, token)
                return 202, {"Location": f"{self.images}/v2/images/{made}"}, None
        return 400, {}, None

    def _log_in(self, said):
        headers, body = self.ask("POST", "/v3/auth/tokens", said)
        told = json.loads(body)
        endpoint = {"id": "x", "interface": "public", "url": self.url}
        endpoint |= {"region": REGION, "region_id": REGION}
        # Nobody asks for networks, but there must be a place for them.
        for kind in ("compute", "network"):
            service = {"id": kind, "type": kind, "name": kind}
            told["token"]["catalog"].append({**service, "endpoints": [endpoint]})
        return 201, {"X-Subject-Token": headers["X-Subject-Token"]}, told

    def _snapshot(self, wanted, source, token):
        """
        Make an image of a server: its data is that of the image it began with.

        @return: its id.
        """
        asking = {"X_Auth_Token": token}
        known = json.loads(self.ask("GET", f"/v2/images/{source}", **asking)[1])
        data = self.ask("GET", f"/v2/images/{source}/file", **asking)[1]
        formats = {n: known[n] for n in ("disk_format", "container_format")}
        described = {"name": wanted["name"], **formats, **wanted["metadata"]}
        described |= {"image_type": "snapshot", "visibility": "private"}
        return self.make(described, data, **asking)
