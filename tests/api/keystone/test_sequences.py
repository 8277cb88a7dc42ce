"""
What clients that are written in other languages send, from the first request to
the last.
"""

import json

from twisted.trial.unittest import SynchronousTestCase

from glance.api.keystone.face import IdentityAPI
from glance.api.site import context_of
from glance.identity.contexts import Contexts
from glance.identity.local.identity import LocalIdentity
from tests.api.assembly import Service
from tests.identity.local import users
from tests.identity.local.users import EVA

HOST = "http://glance.example:9292"


class LocalService(Service):
    """
    An API in memory, whose users are in a file.
    """

    def __init__(self, case):
        self.users = users.Service(case)
        identity = LocalIdentity(
            self.users.logins,
            Contexts(admin_role="admin", owner_is_tenant=True),
            anonymous=False,
        )
        self.identify = context_of(identity, lambda request: "192.0.2.1")
        super().__init__(case)

    def _context_of(self, request):
        return self.identify(request)

    def _trees(self, links):
        face = IdentityAPI(self.users.logins, links, "RegionOne")
        return {"v3": face.app.resource()}


class GophercloudTests(SynchronousTestCase):
    """
    gophercloud, and Terraform and Packer, which use it.
    """

    def setUp(self):
        self.service = LocalService(self)

    def ask(self, method, url, body=None, status=200, **headers):
        """
        Ask for something as gophercloud does: JSON is accepted and sent.
        """
        self.assertTrue(url.startswith(HOST), url)
        said = {"Accept": "application/json", "User-Agent": "gophercloud/v2"}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            said.setdefault("Content-Type", "application/json")
            body = json.dumps(body).encode()
        answer = self.service.ask(method, url[len(HOST) :], said, body)
        self.assertEqual(answer.status, status, answer.body)
        return answer

    def log_in(self):
        """
        Log in by name, password and project.

        @return: the token, and where images are, as the catalogue says.
        """
        domain = {"id": "default"}
        user = {"name": "eva", "password": EVA, "domain": domain}
        auth = {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": "acme", "domain": domain}},
        }
        answer = self.ask("POST", f"{HOST}/v3/auth/tokens", {"auth": auth}, 201)
        [url] = [
            endpoint["url"]
            for service in json.loads(answer.body)["token"]["catalog"]
            for endpoint in service["endpoints"]
            if (service["type"], endpoint["interface"], endpoint["region"])
            == ("image", "public", "RegionOne")
        ]
        return answer.header("x-subject-token"), url

    def test_image(self):
        """
        An image is made, filled, changed, fetched and deleted.
        """
        token, url = self.log_in()
        images = f"{url}/v2/images"
        made = self.ask(
            "POST",
            images,
            {"name": "a", "disk_format": "raw", "container_format": "bare"},
            201,
            X_Auth_Token=token,
        )
        image = f"{images}/{json.loads(made.body)['id']}"
        self.ask(
            "PUT",
            f"{image}/file",
            b"data",
            204,
            Content_Type="application/octet-stream",
            X_Auth_Token=token,
        )
        patch = [{"op": "replace", "path": "/name", "value": "b"}]
        self.ask(
            "PATCH",
            image,
            patch,
            Content_Type="application/openstack-images-v2.1-json-patch",
            X_Auth_Token=token,
        )
        shown = json.loads(self.ask("GET", image, X_Auth_Token=token).body)
        acme = self.service.users.file.read().project_named("acme")
        self.assertEqual((shown["name"], shown["owner"]), ("b", acme.id))
        got = self.ask("GET", f"{image}/file", X_Auth_Token=token)
        self.assertEqual(got.body, b"data")
        self.ask("DELETE", image, status=204, X_Auth_Token=token)

    def test_again(self):
        """
        When a token ends the client is told so, and logs in again.
        """
        token, url = self.log_in()
        images = f"{url}/v2/images"
        self.ask("GET", images, X_Auth_Token=token)
        self.service.users.clock.advance(3600)
        self.ask("GET", images, status=401, X_Auth_Token=token)
        token, _ = self.log_in()
        self.ask("GET", images, X_Auth_Token=token)

    def test_nobody(self):
        """
        Nobody sees anything without a token, but what versions there are.
        """
        self.ask("GET", f"{HOST}/", status=300)
        self.ask("GET", f"{HOST}/v3/")
        for path in ("v2/images", "v2/schemas/image", "v1/images", "v1/images/detail"):
            self.ask("GET", f"{HOST}/{path}", status=401)
