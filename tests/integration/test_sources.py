"""
Images that a real web server has, named by the client of old.
"""

import json
import subprocess
import time
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.functional.daemons import free_port, get
from tests.integration.provided import disk_images, old_openstack_client, program
from tests.integration.running import PATIENCE, Clients

HOST = "127.0.0.2"

NGINX = """
user root;
worker_processes 1;
daemon off;
pid {here}/pid;
error_log {here}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {here}/body;
    fastcgi_temp_path {here}/fastcgi;
    uwsgi_temp_path {here}/uwsgi;
    scgi_temp_path {here}/scgi;
    proxy_temp_path {here}/proxy;
    default_type application/octet-stream;
    server {{
        listen {host}:{port};
        root {images};
        location /slow/ {{ alias {images}/; limit_rate 200k; }}
        location /secret/ {{
            alias {images}/;
            auth_basic "images";
            auth_basic_user_file {here}/passwords;
        }}
        location /moved/ {{ rewrite ^/moved/(.*)$ /$1 redirect; }}
        location /zipped/ {{
            alias {images}/;
            gzip on;
            gzip_types *;
            gzip_min_length 1;
        }}
    }}
}}
"""


class SourceTests(Clients, TestCase):
    """
    Images are filled by a web server, or stay there.
    """

    daemons = ("glance",)

    def setUp(self):
        self.images = disk_images()
        self.port = free_port()
        super().setUp()
        self.serve()

    def options(self):
        """
        Allow the web server.
        """
        return {"http_allowed_networks": HOST, "http_allowed_ports": self.port}

    def serve(self):
        """
        Run the web server until the end of the test.
        """
        here = Path(self.mktemp()).absolute()
        here.mkdir()
        said = {"here": here, "host": HOST, "port": self.port}
        conf = NGINX.format(**said, images=self.images[0].path.parent)
        (here / "conf").write_text(conf)
        (here / "passwords").write_text("user:{PLAIN}pass=word\n")
        command = [program("nginx"), "-c", here / "conf", "-p", here]
        self.nginx = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.addCleanup(self.nginx.wait)
        self.addCleanup(self.nginx.terminate)
        self.running.wait_for(self.is_up)

    def is_up(self):
        """
        Tell whether the web server answers.
        """
        try:
            return get(f"http://{HOST}:{self.port}/")[0]
        except OSError:
            return None

    def create(self, image, option, path, user=""):
        """
        Make an image whose data the web server has.

        @return: its id.
        """
        url = f"http://{user}{HOST}:{self.port}{path}{image.name}?a=b&c=%20d"
        formats = ("--container-format", image.container_format)
        formats += ("--disk-format", image.disk_format)
        common = ("--os-image-api-version", "1", "--os-image-url", self.place.api)
        command = ("image-create", "--name", image.name, *formats, option, url)
        glance = old_openstack_client() / "glance"
        said = self.run_at_terminal(glance, *common, "--os-auth-token", "t", *command)
        rows = [line.split("|")[1:3] for line in said.decode().splitlines()]
        told = {row[0].strip(): row[1].strip() for row in rows if len(row) == 2}
        return told["id"]

    def settled(self, image_id):
        """
        Wait until an image is neither queued nor saving, and get its status.
        """
        url = f"{self.place.api}/v1/images/{image_id}"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            status = get(url, "HEAD")[1]["X-Image-Meta-Status"]
            if status not in ("queued", "saving"):
                return status
            time.sleep(0.05)
        raise AssertionError("It is never done.")

    def see_emptied(self):
        """
        See that nothing is left: data goes a moment after its image is killed.
        """
        self.running.wait_for(lambda: self.place.files() == [])

    def assert_is(self, image_id, image):
        """
        See that an image's data is that of a file.
        """
        data = get(f"{self.place.api}/v1/images/{image_id}")[2]
        self.assertTrue(data == image.path.read_bytes(), image.name)

    def test_copied(self):
        """
        Each real image is copied.
        """
        ids = [self.create(image, "--copy-from", "/") for image in self.images]
        for image_id, image in zip(ids, self.images, strict=True):
            self.assertEqual(self.settled(image_id), "active", image.name)
            self.assert_is(image_id, image)
        self.assertEqual(len(self.place.files()), len(ids))

    def test_ways(self):
        """
        It doesn't matter how the web server has it, as long as it sends it as it is.
        """
        image = self.images[0]
        for option in ("--copy-from", "--location"):
            for path, user in (
                ("/", ""),
                ("/moved/", ""),
                ("/zipped/", ""),
                ("/secret/", "user:pass%3Dword@"),
            ):
                image_id = self.create(image, option, path, user)
                self.assertEqual(self.settled(image_id), "active", path)
                self.assert_is(image_id, image)
        self.assertNotIn("pass%3Dword", self.running.log)
        self.assertNotIn("pass=word", self.running.log)

    def test_hostile(self):
        """
        What nobody should open is not copied.
        """
        self.images = disk_images(hostile=True)
        ids = [self.create(image, "--copy-from", "/") for image in self.images]
        for image_id, image in zip(ids, self.images, strict=True):
            self.assertEqual(self.settled(image_id), "killed", image.name)
        self.see_emptied()

    def test_killed(self):
        """
        A web server that is killed amid a copy kills the image, and one that is back
        gives what stayed there as before.
        """
        image = max(self.images, key=lambda image: image.size)
        located = self.create(image, "--location", "/")
        copied = self.create(image, "--copy-from", "/slow/")
        self.running.wait_for(lambda: self.place.files())
        self.nginx.terminate()
        self.nginx.wait()
        self.assertEqual(self.settled(copied), "killed")
        self.see_emptied()
        status, _, body = get(
            f"{self.place.api}/v1/images/{located}", Accept="application/json"
        )
        self.assertEqual(
            (status, json.loads(body)["title"]), (503, "Service Unavailable")
        )
        self.serve()
        self.assert_is(located, image)
