"""
Images that older Glances have in Swift become ours.
"""

import hashlib
from uuid import uuid4

from tests.functional.daemons import Place, get
from tests.functional.test_manage import ManageCase
from tests.integration.servers import Swift, swift_server
from tests.integration.test_swift import MAX_FILE_SIZE, put_as_of_old
from tests.registry.older import CACTUS, LATER, OlderDatabase

ID = "71c675ab-d94f-49cd-a114-e12490b328d9"
SEVEN = "00000000-0000-0000-0000-000000000007"
SEGMENTS = ["first,", "second"]


class AdoptTests(ManageCase):
    """
    From a real Swift, and the database of an older Glance.
    """

    def setUp(self):
        super().setUp()
        self.server = swift_server(max_file_size=MAX_FILE_SIZE)
        self.container = f"images-{uuid4()}"
        self.server.ask("PUT", self.container)
        self.options = {
            "default_store": "swift",
            "swift_store_auth_address": self.server.auth_url,
            "swift_store_user": Swift.USER,
            "swift_store_key": Swift.KEY,
            "swift_store_container": self.container,
        }
        lines = [f"{name} = {value}\n" for name, value in self.options.items()]
        self.conf.write_text(
            f"[DEFAULT]\n{''.join(lines)}"
            f"[app:glance-registry]\nsql_connection = sqlite:///{self.database}\n"
        )

    def uri(self, scheme, container, name):
        """
        Make the location of an object, as older Glances have it.
        """
        address = self.server.auth_url.removeprefix("http://")
        return f"{scheme}://{Swift.USER}:{Swift.KEY}@{address}/{container}/{name}"

    def see(self, image_id, data, container):
        """
        See that an image is taken over, read and deleted with all of its data.
        """
        said = self.manage("adopt", self.older.url)
        self.assertIn("Took over 1 images; 0 were there, 0 were not taken.", said)
        self.assertNotEqual(self.server.ask("GET", container), "")
        verified = self.manage("verify")
        self.assertIn("no findings", verified)
        place = Place(self.mktemp())
        place.configure(sql_connection=f"sqlite:///{self.database}", **self.options)
        running = place.start("glance")
        self.addCleanup(running.stop)
        self.assertEqual(get(f"{running.url}/v2/images/{image_id}/file")[2], data)
        self.assertEqual(get(f"{running.url}/v2/images/{image_id}", "DELETE")[0], 204)
        self.assertEqual(self.server.ask("GET", container), "")
        for text in (said, verified, running.log):
            self.assertNotIn(Swift.KEY, text)
            self.assertNotIn(self.server.auth_url, text)

    def test_cactus(self):
        """
        An image of 2011, which is in another container.
        """
        container = f"old-{uuid4()}"
        put_as_of_old(self.server, container, {"7": (["of Cactus"], None)})
        self.older = OlderDatabase(self.here / "older.sqlite", CACTUS)
        self.older.add(
            "images",
            id=7,
            name="x",
            status="active",
            location=self.uri("swift", container, "7"),
            disk_format="raw",
            container_format="bare",
            size=9,
            is_public=1,
            checksum=hashlib.md5(b"of Cactus").hexdigest(),
        )
        self.manage("db", "sync")
        self.see(SEVEN, b"of Cactus", container)

    def test_later(self):
        """
        One of later years, which is in the same container, in segments.
        """
        put_as_of_old(self.server, self.container, {ID: (SEGMENTS, "-")})
        data = "".join(SEGMENTS).encode()
        self.older = OlderDatabase(self.here / "older.sqlite", LATER)
        self.older.add(
            "images",
            id=ID,
            status="active",
            deleted=0,
            disk_format="raw",
            container_format="bare",
            size=len(data),
            checksum=hashlib.md5(data).hexdigest(),
            visibility="public",
            os_hidden=0,
            min_disk=0,
            min_ram=0,
            protected=0,
        )
        self.older.add(
            "image_locations",
            id=1,
            image_id=ID,
            value=self.uri("swift+http", self.container, ID),
            status="active",
        )
        self.manage("db", "sync")
        self.see(ID, data, self.container)
