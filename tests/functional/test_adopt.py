"""
C{glance-manage adopt}: from the database and the files of an older Glance to a
daemon that serves them.
"""

import hashlib
import json
import sqlite3
from contextlib import closing

from tests.functional.daemons import Place, get
from tests.functional.test_manage import ManageCase
from tests.registry.older import CACTUS, LATER, OlderDatabase

DATA = b"what was stored long ago" * 1000
SEVEN = "00000000-0000-0000-0000-000000000007"
ID = "71c675ab-d94f-49cd-a114-e12490b328d9"
SECRET = "swift://account:user:sEcrEt@swift.example/v1/glance/8"


class AdoptTests(ManageCase):
    """
    Images of older Glances become ours, and their data stays where it is.
    """

    def older(self, tables):
        """
        Make an older Glance's database.
        """
        return OlderDatabase(self.here / "older.sqlite", tables)

    def store(self, name):
        """
        Have the data of an image lie in the directory of the store.
        """
        (self.data / name).write_bytes(DATA)
        return f"file://{self.data}/{name}"

    def serve(self):
        """
        Start a daemon with the database and the directory.
        """
        place = Place(self.mktemp())
        place.configure(
            sql_connection=f"sqlite:///{self.database}",
            filesystem_store_datadir=self.data,
        )
        running = place.start("glance")
        self.addCleanup(running.stop)
        return running

    def waiting(self, image_id):
        """
        Tell whether data of a deleted image still waits to be removed.
        """
        with closing(sqlite3.connect(self.database)) as db:
            query = "SELECT status FROM images WHERE id = ?"
            return db.execute(query, (image_id,)).fetchone() != ("deleted",)

    def test_cactus(self):
        """
        Images of 2011 are served by their new ids, and deleted with their files;
        one whose data is elsewhere is named, without its secrets.
        """
        older = self.older(CACTUS)
        about = {
            "disk_format": "raw",
            "container_format": "bare",
            "size": len(DATA),
            "is_public": 1,
            "checksum": hashlib.md5(DATA).hexdigest(),
        }
        uri = self.store("7")
        older.add("images", id=7, name="x", status="active", location=uri, **about)
        older.add("images", id=8, name="y", status="active", location=SECRET, **about)
        older.add("images", id=9, name="z", status="queued", is_public=0)
        self.manage("db", "sync")
        said = self.manage("adopt", older.url, status=1)
        self.assertIn("Took over 2 images; 0 were there, 1 were not taken.", said)
        self.assertIn("00000008: its data is in no store", said)
        self.assertNotIn("sEcrEt", said)
        again = self.manage("adopt", older.url, status=1)
        self.assertIn("Took over 0 images; 2 were there, 1 were not taken.", again)
        running = self.serve()
        answer = get(f"{running.url}/v1/images/{SEVEN}")
        self.assertEqual(answer[2], DATA)
        self.assertEqual(answer[1]["x-image-meta-name"], "x")
        self.assertEqual(get(f"{running.url}/v2/images/{SEVEN}/file")[2], DATA)
        self.assertIn("no findings", self.manage("verify"))
        self.assertEqual(get(f"{running.url}/v2/images/{SEVEN}", "DELETE")[0], 204)
        self.assertFalse((self.data / "7").exists())
        self.assertEqual(get(f"{running.url}/v1/images/{SEVEN}")[0], 404)

    def test_later(self):
        """
        Those of later years keep their ids, also those that are deleted; one
        whose data is cut is not taken.
        """
        older = self.older(LATER)
        usual = {
            "disk_format": "raw",
            "container_format": "bare",
            "size": len(DATA),
            "visibility": "private",
            "os_hidden": 0,
            "min_disk": 0,
            "min_ram": 0,
            "protected": 0,
        }
        cut, gone = ID[:-1] + "a", ID[:-1] + "b"
        for image_id, status, deleted in (
            (ID, "active", 0),
            (cut, "active", 0),
            (gone, "deleted", 1),
        ):
            older.add("images", id=image_id, status=status, deleted=deleted, **usual)
            older.add(
                "image_locations",
                id=int(image_id[-1], 16),
                image_id=image_id,
                value=f"file://{self.data}/{image_id}",
                status=status,
            )
        self.store(ID)
        self.store(cut)
        (self.data / cut).write_bytes(DATA[1:])
        self.manage("db", "sync")
        said = self.manage("adopt", older.url, status=1)
        self.assertIn(f"{cut}: it has {len(DATA) - 1} bytes of data", said)
        self.assertIn("Took over 2 images", said)
        running = self.serve()
        answer = get(f"{running.url}/v2/images/{ID}")
        self.assertEqual(json.loads(answer[2])["visibility"], "private")
        self.assertEqual(get(f"{running.url}/v2/images/{ID}/file")[2], DATA)
        self.assertEqual(get(f"{running.url}/v2/images/{gone}")[0], 404)
        self.assertEqual(get(f"{running.url}/v2/images/{cut}")[0], 404)

    def test_shared(self):
        """
        Data that two images have, or that is called as one's of ours is, is taken
        over once, and stays with that one.
        """
        older = self.older(CACTUS)
        about = {"disk_format": "raw", "container_format": "bare", "is_public": 1}
        uri, own = self.store("7"), self.store(f"{ID}.0123456789abcdef")
        rows = (
            (6, "pending_delete", uri),
            (7, "active", uri),
            (8, "active", uri),
            (9, "active", own),
        )
        for number, status, where in rows:
            older.add("images", id=number, status=status, location=where, **about)
        self.manage("db", "sync")
        said = self.manage("adopt", older.url, status=1)
        self.assertIn("Took over 2 images; 0 were there, 2 were not taken.", said)
        for number in (8, 9):
            self.assertIn(f"0000000{number}: its data is another image's, too", said)
        again = self.manage("adopt", older.url, status=1)
        self.assertIn("Took over 0 images; 2 were there, 2 were not taken.", again)
        running = self.serve()
        gone = f"{SEVEN[:-1]}6"
        running.wait_for(lambda: not self.waiting(gone))
        self.assertEqual(get(f"{running.url}/v1/images/{SEVEN}")[2], DATA)

    def test_planted(self):
        """
        What some client had an older Glance believe of where its data is, is
        neither read nor removed: files elsewhere, be it by a link.
        """
        secret = self.here / "secret"
        secret.write_bytes(DATA)
        (self.data / "link").symlink_to(secret)
        (self.data / "sub").mkdir()
        (self.data / "sub" / "file").write_bytes(DATA)
        self.store("own")
        older = self.older(CACTUS)
        about = {"disk_format": "raw", "container_format": "bare", "is_public": 1}
        planted = (
            f"file://{secret}",
            f"file://{self.data}/../secret",
            f"file://{self.data}/%2e%2e/secret",
            f"file://{self.data}/%2e%2e%2fsecret",
            f"FILE://{secret}",
            f"filesystem://{secret}",
            f"file://{self.data}/link",
            f"file://{self.data}/sub/file",
            f"file://{self.data}/.incoming",
            f"file://{self.data}/",
            "file:///elsewhere/own",
            f"swift+config://ref1{secret}",
        )
        for number, where in enumerate(planted):
            for at, status in ((number, "active"), (number + 100, "pending_delete")):
                older.add("images", id=at, status=status, location=where, **about)
        self.manage("db", "sync")
        said = self.manage("adopt", older.url, status=1)
        self.assertIn(f"{len(planted)} were not taken.", said)
        running = self.serve()
        for number in range(len(planted)):
            gone = f"{SEVEN[:-3]}{number + 100:03x}"
            running.wait_for(lambda gone=gone: not self.waiting(gone))
            url = f"{running.url}/v1/images/{SEVEN[:-3]}{number:03x}"
            self.assertEqual(get(url)[0], 404)
        self.assertEqual(secret.read_bytes(), DATA)
        for kept in ("own", "sub/file"):
            self.assertEqual((self.data / kept).read_bytes(), DATA)

    def test_refused(self):
        """
        What is no such database is refused in one line.
        """
        self.manage("db", "sync")
        for url in (f"sqlite:///{self.here}/none", f"sqlite:///{self.database}"):
            said = self.refused("adopt", url, status=2)
            self.assertIn("The older database", said)
        self.assertFalse((self.here / "none").exists())
