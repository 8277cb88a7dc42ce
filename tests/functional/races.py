"""
What processes that serve the same images do at once.
"""

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from tests.functional.daemons import get


class RacingWorkersContract:
    """
    What several processes do when many use them at once, whatever the database.

    A test case that inherits this is a
    L{WorkersCase <tests.functional.working.WorkersCase>}.
    """

    def test_compare_and_set(self):
        """
        Of many tags that are put at an image at once, through all processes, none
        is lost; and nobody hears of a lock.
        """
        self.start_all()
        image = self.post(b"data")
        url = f"{self.place.api}/v2/images/{image['id']}"
        names = [f"tag-{n}" for n in range(100)]

        def put(name):
            return [get(f"{url}/tags/{name}", "PUT")[0], get(f"{url}")[0]]

        with ThreadPoolExecutor(24) as threads:
            statuses = list(threads.map(put, names))
        self.assertEqual({tuple(each) for each in statuses}, {(204, 200)})
        self.assertEqual(sorted(json.loads(get(url)[2])["tags"]), sorted(names))

    def test_create_once(self):
        """
        Of many that make the image of an ID at once, through all processes, one
        does.
        """
        self.start_all()
        for turn in range(5):
            number = f"6ba7b810-9dad-41d1-80b4-00c04fd4300{turn}"
            body = json.dumps({"id": number, "name": "x"}).encode()

            def create(_, body=body):
                request = urllib.request.Request(
                    f"{self.place.api}/v2/images",
                    data=body,
                    headers={"Content-Type": "application/json"},
                )
                try:
                    return urllib.request.urlopen(request, timeout=60).status
                except urllib.error.HTTPError as error:
                    return error.code

            with ThreadPoolExecutor(8) as threads:
                statuses = sorted(threads.map(create, range(8)))
            self.assertEqual(statuses, [201] + [409] * 7)
