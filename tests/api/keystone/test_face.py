"""
Tests for L{glance.api.keystone}.
"""

import json
from base64 import b64encode

from twisted.logger import eventAsText, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from glance.api.keystone.face import IdentityAPI
from glance.api.links import Links
from glance.api.site import api_root
from glance.api.versions import versions
from glance.identity.local import passwords
from glance.streams.site import StreamingSite
from tests.api.assembly import Connection, answer_of
from tests.identity.local.users import BOB, BOSS, EVA, Service

BASE = "http://glance.example:9292"

DEFAULT = {"id": "default"}


def password(name, said, domain=None):
    """
    Get how one logs in by name and password.
    """
    user = {"name": name, "password": said, "domain": domain or DEFAULT}
    return {"methods": ["password"], "password": {"user": user}}


def project(name, domain=None):
    """
    Get what asks for a token that is good for a project.
    """
    return {"project": {"name": name, "domain": domain or DEFAULT}}


class FaceTests(SynchronousTestCase):
    """
    The identity API, as clients use it.
    """

    def setUp(self):
        self.service = Service(self)
        self.accounts = self.service.file.read()
        links = Links(None, None)
        face = IdentityAPI(self.service.logins, links, "RegionOne").app.resource()
        root = api_root(
            versions=versions(several=False),
            links=links,
            majors={"v1": face, "v2": face},
            cactus=face,
            pages={},
            trees={"v3": face},
        )
        self.site = StreamingSite(
            root, self.service.clock, idle_timeout=None, finished=lambda request: None
        )

    def ask(self, method, path, body=None, token=None, **headers):
        """
        Ask for something.
        """
        lines = [f"{method} /v3{path} HTTP/1.1", "Host: glance.example:9292"]
        if token is not None:
            lines.append(f"X-Auth-Token: {token}")
        lines += [f"{name.replace('_', '-')}: {v}" for name, v in headers.items()]
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        if body is not None:
            lines.append(f"Content-Length: {len(data)}")
        connection = Connection()
        protocol = self.site.buildProtocol(None)
        protocol.makeConnection(connection)
        protocol.dataReceived("\r\n".join([*lines, "", ""]).encode())
        if body is not None:
            protocol.dataReceived(data)
        return answer_of(connection)

    def get(self, path, token=None, status=200, **headers):
        """
        Ask for JSON, and get it.
        """
        answer = self.ask("GET", path, token=token, **headers)
        self.assertEqual(answer.status, status, answer.body)
        return json.loads(answer.body)

    def log_in(self, identity, scope=None):
        """
        Ask for a token.
        """
        auth = {"identity": identity}
        if scope is not None:
            auth["scope"] = scope
        return self.ask("POST", "/auth/tokens", {"auth": auth})

    def token(self, name="eva", said=EVA, scope=None):
        """
        Get a token.
        """
        answer = self.log_in(password(name, said), scope)
        self.assertEqual(answer.status, 201, answer.body)
        return answer.header("x-subject-token")

    def boss(self):
        """
        Get a token of an administrator.
        """
        return self.token("boss", BOSS)

    # Logging in

    def test_version(self):
        """
        The version is described to everybody, with or without a slash.
        """
        for path in ("", "/"):
            version = self.get(path)["version"]
            self.assertEqual(version["status"], "stable")
            self.assertRegex(version["id"], r"\Av3\.\d+\Z")
            self.assertEqual(version["links"], [{"rel": "self", "href": f"{BASE}/v3/"}])

    def test_log_in(self):
        """
        Who logs in gets a token, and is told all about it.
        """
        answer = self.log_in(password("eva", EVA), project("acme"))
        self.assertEqual(answer.status, 201)
        self.assertIn("no-store", answer.header("cache-control"))
        said = json.loads(answer.body)["token"]
        eva = self.accounts.user_named("eva")
        acme = self.accounts.project_named("acme")
        domain = {"id": "default", "name": "Default"}
        self.assertEqual(
            said["user"],
            {
                "id": eva.id,
                "name": "eva",
                "domain": domain,
                "password_expires_at": None,
            },
        )
        self.assertEqual(
            said["project"], {"id": acme.id, "name": "acme", "domain": domain}
        )
        self.assertEqual([role["name"] for role in said["roles"]], ["member", "reader"])
        self.assertEqual(said["methods"], ["password"])
        self.assertEqual(said["issued_at"], "2011-04-15T12:00:00.000000Z")
        self.assertEqual(said["expires_at"], "2011-04-15T13:00:00.000000Z")
        self.assertEqual(len(said["audit_ids"]), 1)

    def test_catalogue(self):
        """
        The catalogue says where images are, and who gives out tokens.
        """
        answer = self.log_in(password("eva", EVA))
        found = {
            (service["type"], endpoint["interface"]): (
                endpoint["url"],
                endpoint["region"],
            )
            for service in json.loads(answer.body)["token"]["catalog"]
            for endpoint in service["endpoints"]
        }
        for interface in ("public", "internal", "admin"):
            self.assertEqual(found["image", interface], (BASE, "RegionOne"))
            self.assertEqual(found["identity", interface], (f"{BASE}/v3", "RegionOne"))
        catalogue = self.get("/auth/catalog", self.token())["catalog"]
        self.assertEqual(catalogue, json.loads(answer.body)["token"]["catalog"])

    def test_domain(self):
        """
        The domain is said by its id or its name; there is no other.
        """
        for domain in ({"id": "default"}, {"name": "Default"}, {"name": "default"}):
            identity = password("eva", EVA, domain)
            self.assertEqual(self.log_in(identity, project("acme", domain)).status, 201)
        for domain in ({"id": "Other"}, {"name": "other"}):
            self.assertEqual(self.log_in(password("eva", EVA, domain)).status, 401)
            scope = project("acme", domain)
            self.assertEqual(self.log_in(password("eva", EVA), scope).status, 401)

    def test_ids(self):
        """
        Ids do as well as names, and need no domain.
        """
        user = {"id": self.accounts.user_named("eva").id, "password": EVA}
        scope = {"project": {"id": self.accounts.project_named("acme").id}}
        identity = {"methods": ["password"], "password": {"user": user}}
        self.assertEqual(self.log_in(identity, scope).status, 201)

    def test_unscoped(self):
        """
        A token without a project has neither roles nor a catalogue; for it
        one gets others.
        """
        for scope in ("unscoped", {"unscoped": {}}):
            answer = self.log_in(password("eva", EVA), scope)
            said = json.loads(answer.body)["token"]
            for name in ("project", "roles", "catalog"):
                self.assertNotIn(name, said)
            token = answer.header("x-subject-token")
            projects = self.get("/auth/projects", token)["projects"]
            self.assertEqual([one["name"] for one in projects], ["acme"])
            identity = {"methods": ["token"], "token": {"id": token}}
            scoped = self.log_in(identity, {"project": {"id": projects[0]["id"]}})
            self.assertEqual(scoped.status, 201)
            self.assertIn("catalog", json.loads(scoped.body)["token"])

    def test_application_credential(self):
        """
        An API token logs in as an application credential does.
        """
        key = self.service.file.add_key("eva", None, "", None)
        _, key_id, secret = key.split("_", 2)
        credential = {"id": key_id, "secret": secret}
        identity = {
            "methods": ["application_credential"],
            "application_credential": credential,
        }
        answer = self.log_in(identity)
        self.assertEqual(answer.status, 201, answer.body)
        self.assertEqual(json.loads(answer.body)["token"]["user"]["name"], "eva")
        credential["secret"] += "x"
        self.assertEqual(self.log_in(identity).status, 401)

    def test_wrong(self):
        """
        Who logs in wrongly is told so, as clients expect it, and nothing else.
        """
        said = set()
        for identity in (password("eva", "wrong"), password("nobody", "wrong")):
            answer = self.log_in(identity)
            self.assertEqual(answer.status, 401)
            self.assertIn("www-authenticate", repr(answer.headers).lower())
            self.assertIsNone(answer.header("x-subject-token"))
            self.assertNotIn(b"wrong ", answer.body)
            said.add(answer.body)
        self.assertEqual(len(said), 1)
        error = json.loads(said.pop())["error"]
        self.assertEqual((error["code"], error["title"]), (401, "Unauthorized"))
        for scope in (
            project("admin"),
            project("nothing"),
            {"domain": DEFAULT},
            {"system": {"all": True}},
        ):
            answer = self.log_in(password("eva", EVA), scope)
            self.assertEqual(answer.status, 401, scope)
        for methods in (["totp"], ["password", "totp"]):
            answer = self.log_in({"methods": methods})
            self.assertEqual(answer.status, 401)

    def test_too_many(self):
        """
        Who tries too much is told when to try again.
        """
        for _ in range(10):
            self.assertEqual(self.log_in(password("eva", "wrong")).status, 401)
        answer = self.log_in(password("eva", EVA))
        self.assertEqual(answer.status, 429)
        self.assertEqual(json.loads(answer.body)["error"]["code"], 429)
        self.assertEqual(answer.header("retry-after"), "6")

    def test_nonsense(self):
        """
        What makes no sense is refused, and breaks nothing.
        """
        user = {"name": "eva", "password": EVA, "domain": DEFAULT}
        bodies = [b"", b"{", b"[" * 5000, [], {}, {"auth": 1}, {"auth": {}}]
        bodies += [{"auth": {"identity": {}}}]
        bodies += [
            {"auth": {"identity": identity}}
            for identity in (
                {"methods": []},
                {"methods": "password"},
                {"methods": ["password"]},
                {"methods": ["password"], "password": {}},
                {"methods": ["token"], "token": {"id": 1}},
                *(
                    {"methods": ["password"], "password": {"user": {**user, **change}}}
                    for change in (
                        {"name": 1},
                        {"password": None},
                        {"domain": "default"},
                        {"domain": {}},
                        {"id": None},
                    )
                ),
            )
        ]
        bodies += [
            {"auth": {"identity": password("eva", EVA), "scope": scope}}
            for scope in (1, {}, {"project": {"name": "acme"}}, {"project": 1})
        ]
        for body in bodies:
            answer = self.ask("POST", "/auth/tokens", body)
            self.assertEqual(answer.status, 400, (body, answer.body))
            self.assertEqual(json.loads(answer.body)["error"]["code"], 400)

    def test_log(self):
        """
        Whatever goes wrong, no password and no token is in the log.
        """
        token, key = self.token(), self.service.file.add_key("eva", None, "", None)
        events = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)

        def broken(password, kept):
            raise RuntimeError("no memory")

        self.patch(passwords, "matches", broken)
        self.assertEqual(self.log_in(password("eva", "wrong")).status, 500)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.service.file.path.chmod(0o644)
        self.service.later()
        self.assertEqual(self.log_in(password("eva", "wrong")).status, 503)
        for said in (token, key):
            self.get("/auth/tokens", said, 503, X_Subject_Token=said)
        texts = [f"{eventAsText(event)} {event!r}" for event in events]
        self.assertIn("no memory", "".join(texts))
        for text in texts:
            for secret in ("wrong", EVA, token, key):
                self.assertNotIn(secret, text)

    # Tokens

    def test_show(self):
        """
        Who has a token is told of it, also without the catalogue, or a body.
        """
        token = self.token()
        said = self.get("/auth/tokens", token, X_Subject_Token=token)["token"]
        self.assertIn("catalog", said)
        self.assertEqual(said["user"]["name"], "eva")
        said = self.get("/auth/tokens?nocatalog", token, X_Subject_Token=token)
        self.assertNotIn("catalog", said["token"])
        answer = self.ask("HEAD", "/auth/tokens", token=token, X_Subject_Token=token)
        self.assertEqual((answer.status, answer.body), (200, b""))

    def test_show_others(self):
        """
        Of others' tokens only administrators and services are told; what is no
        token, or no longer, isn't there for anybody, as clients expect.
        """
        token, boss, bob = self.token(), self.boss(), self.token("bob", BOB)
        self.get("/auth/tokens", boss, X_Subject_Token=token)
        self.get("/auth/tokens", boss, 404, X_Subject_Token="x")
        self.get("/auth/tokens", boss, 404)
        for subject, status in ((token, 403), (boss, 403), ("x", 404)):
            self.get("/auth/tokens", bob, status, X_Subject_Token=subject)
            self.get("/auth/tokens", None, 401, X_Subject_Token=subject)
            self.get("/auth/tokens", "x", 401, X_Subject_Token=subject)
        self.service.file.grant("bob", "acme", "service")
        self.service.later()
        self.get("/auth/tokens", bob, X_Subject_Token=token)

    def test_revoke(self):
        """
        A token can be revoked, by whose it is, and then isn't there.
        """
        token, other = self.token(), self.token()
        bob = self.token("bob", BOB)
        for who, status in ((bob, 403), (token, 204), (token, 401), (other, 404)):
            answer = self.ask(
                "DELETE", "/auth/tokens", token=who, X_Subject_Token=token
            )
            self.assertEqual(answer.status, status)

    # Projects and users

    def names(self, path, kind, token):
        """
        Get the names in a list.
        """
        listed = self.get(path, token)
        self.assertEqual(listed["links"]["self"], f"{BASE}/v3{path.partition('?')[0]}")
        return [one["name"] for one in listed[kind]]

    def test_projects(self):
        """
        An administrator sees all projects, others their own.
        """
        boss, eva = self.boss(), self.token()
        self.assertEqual(self.names("/projects", "projects", boss), ["acme", "admin"])
        for query, found in (
            ("name=acme", ["acme"]),
            ("name=x", []),
            ("domain_id=default", ["acme", "admin"]),
            ("domain_id=x", []),
        ):
            path = f"/projects?{query}"
            self.assertEqual(self.names(path, "projects", boss), found)
        self.assertEqual(self.names("/projects?name=acme", "projects", eva), ["acme"])
        for query in ("", "?name=admin", "?name=x"):
            self.get(f"/projects{query}", eva, 403)

    def test_project(self):
        """
        A project is shown to who works for it; to others there may be none.
        """
        boss, eva = self.boss(), self.token()
        acme = self.accounts.project_named("acme").id
        admin = self.accounts.project_named("admin").id
        for token in (boss, eva):
            shown = self.get(f"/projects/{acme}", token)["project"]
            self.assertEqual((shown["id"], shown["name"]), (acme, "acme"))
            self.assertEqual(shown["domain_id"], "default")
        for project_id in (admin, "x", "acme"):
            self.get(f"/projects/{project_id}", eva, 403)
        self.get("/projects/x", boss, 404)

    def test_users(self):
        """
        A user is shown to itself, and all to an administrator; no password and
        no hash is.
        """
        boss, eva = self.boss(), self.token()
        eva_id, bob_id = (self.accounts.user_named(name).id for name in ("eva", "bob"))
        self.assertEqual(self.names("/users", "users", boss), ["bob", "boss", "eva"])
        self.assertEqual(self.names("/users?name=eva", "users", boss), ["eva"])
        self.get("/users?name=eva", eva, 403)
        for token in (boss, eva):
            shown = self.get(f"/users/{eva_id}", token)["user"]
            self.assertEqual((shown["id"], shown["name"]), (eva_id, "eva"))
            self.assertNotIn("scrypt", repr(shown))
            path = f"/users/{eva_id}/projects"
            self.assertEqual(self.names(path, "projects", token), ["acme"])
        for below in ("", "/projects"):
            for user_id in (bob_id, "x"):
                self.get(f"/users/{user_id}{below}", eva, 403)
            self.get(f"/users/x{below}", boss, 404)

    def test_domains(self):
        """
        There is one domain.
        """
        token = self.token()
        self.assertEqual(self.get("/domains/default", token)["domain"]["id"], "default")
        self.get("/domains/x", token, 404)
        self.assertEqual(self.names("/domains", "domains", token), ["Default"])
        self.assertEqual(self.names("/domains?name=x", "domains", token), [])

    def test_nobody(self):
        """
        Nothing but the version is shown to who isn't logged in, by a password
        neither: that is asked for by other means.
        """
        pair = b64encode(f"boss:{BOSS}".encode()).decode()
        for path in (
            *("/auth/tokens", "/auth/catalog", "/auth/projects", "/projects"),
            *("/projects/x", "/users", "/users/x", "/users/x/projects"),
            *("/domains", "/domains/default"),
        ):
            self.get(path, None, 401)
            self.get(path, "x", 401)
            self.get(path, None, 401, Authorization=f"Basic {pair}")

    def test_no_path(self):
        """
        What isn't there is not found, and what can't be done is refused.
        """
        self.assertEqual(self.ask("GET", "/roles").status, 404)
        self.assertEqual(self.ask("PUT", "/auth/tokens").status, 405)
