"""
A real Keystone, with what a Swift store needs to have in it, and people.
"""

import json
import urllib.request

from tests.functional.daemons import free_port
from tests.integration.scripted import Scripted

DEFAULT = {"id": "default"}


class Keystone(Scripted):
    """
    A private Keystone.  It has the user C{glance} with the password
    C{glance-secret} in the project C{images}, the user C{swift} for Swift, and the
    user C{nova}, a service.

    C{eva} is a member of the project C{acme}, C{bob} reads there, and C{zoe} is a
    member of C{other}: their passwords are their names and C{-secret}, as is that of
    C{admin}.
    """

    PROJECT, USER, PASSWORD = "images", "glance", "glance-secret"

    SERVICES = "service"
    """The project of services."""

    def __init__(self, token_life=3600):
        """
        @param token_life: for how many seconds a token is good.
        """
        super().__init__("keystone", "keystone.sh", TOKEN_LIFE=str(token_life))
        self._swift = None

    def start(self):
        """
        Start it.
        """
        self.url = self.run("start", str(free_port()))
        services = self._create("project", name=self.SERVICES)
        self.project = self._create("project", name=self.PROJECT)
        self._add_user("swift", "swift-secret", services, "admin")
        self._user = self._add_user(self.USER, self.PASSWORD, self.project, "member")
        self._add_user("nova", "nova-secret", services, "service")
        self.projects = {
            name: self._create("project", name=name) for name in ("acme", "other")
        }
        for name, project, role in (
            ("eva", "acme", "member"),
            ("bob", "acme", "reader"),
            ("zoe", "other", "member"),
        ):
            self._add_user(name, f"{name}-secret", self.projects[project], role)
        # Swift finds it in its own catalogue.
        self._identity = self._create("service", type="identity", name="keystone")
        for interface in ("internal", "public"):
            self._add_endpoint(self._identity, "one", interface, f"{self.url}/v3")
        self._images = self._create("service", type="image", name="glance")
        self._swift = self._create("service", type="object-store", name="swift")

    def offer(self, region, **urls):
        """
        Have an object store in the catalogue.

        @param urls: its URLs without the account, by interfaces.
        """
        self._create("region", id=region)
        for interface, url in urls.items():
            url = f"{url}/v1/AUTH_%(tenant_id)s"
            self._add_endpoint(self._swift, region, interface, url)

    def offer_images(self, region, url):
        """
        Have an image service in the catalogue, and Keystone in its region.
        """
        self._create("region", id=region)
        self._add_endpoint(self._images, region, "public", url)
        self._add_endpoint(self._identity, region, "public", f"{self.url}/v3")

    def let_be_boss(self):
        """
        Let C{admin} be one of the default domain, as it is of the system.
        """
        (role,) = self._ask("GET", "roles?name=admin")["roles"]
        (user,) = self._ask("GET", "users?name=admin")["users"]
        path = f"domains/default/users/{user['id']}/roles/{role['id']}"
        self._open("PUT", path, token=self._admin()).close()

    def stop(self):
        """
        Stop it for a while.
        """
        self.run("stop")

    def start_again(self):
        """
        Start it once more, at the same port.
        """
        self.run("again", self.url.rpartition(":")[2])

    def revoke(self, token):
        """
        Have a token not be good any more.
        """
        self._open("DELETE", "auth/tokens", token=self._admin(), subject=token).close()

    def credential(self, name, **said):
        """
        Make an application credential of the user.

        @param said: what else is said of it.

        @return: its id and secret.
        """
        mine = self.token(self.PROJECT, self.USER, self.PASSWORD)
        path = f"users/{self._user}/application_credentials"
        body = {"application_credential": {"name": name, **said}}
        made = self._ask("POST", path, body, mine)["application_credential"]
        return made["id"], made["secret"]

    def token_of(self, credential):
        """
        Get a token for an application credential, by its id and secret.
        """
        key = dict(zip(("id", "secret"), credential, strict=True))
        how = {"methods": ["application_credential"], "application_credential": key}
        return self._issue({"identity": how})

    def token(self, project, user, password, scope=None):
        """
        Get a token.

        @param scope: what it is for, in Keystone's words; L{None} for the project.
        """
        who = {"name": user, "password": password, "domain": DEFAULT}
        body = {
            "identity": {"methods": ["password"], "password": {"user": who}},
            "scope": scope or {"project": {"name": project, "domain": DEFAULT}},
        }
        return self._issue(body)

    def _issue(self, body):
        with self._open("POST", "auth/tokens", {"auth": body}) as answer:
            return answer.headers["X-Subject-Token"]

    def _create(self, kind, **what):
        """
        Make something; get its id.
        """
        return self._ask("POST", f"{kind}s", {kind: what})[kind]["id"]

    def _add_endpoint(self, service, region, interface, url):
        self._create(
            "endpoint",
            service_id=service,
            region_id=region,
            interface=interface,
            url=url,
        )

    def _add_user(self, name, password, project, role):
        user = self._create("user", name=name, password=password)
        (found,) = self._ask("GET", f"roles?name={role}")["roles"]
        path = f"projects/{project}/users/{user}/roles/{found['id']}"
        self._open("PUT", path, token=self._admin()).close()
        return user

    def _admin(self):
        return self.token("admin", "admin", "admin-secret")

    def _ask(self, method, path, body=None, token=None):
        with self._open(method, path, body, token or self._admin()) as answer:
            return json.load(answer)

    def _open(self, method, path, body=None, token=None, subject=None):
        headers = {"Content-Type": "application/json"}
        if subject is not None:
            headers["X-Subject-Token"] = subject
        if token is not None:
            headers["X-Auth-Token"] = token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/v3/{path}", data, headers, method=method
        )
        return urllib.request.urlopen(request)
