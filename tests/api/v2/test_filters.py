"""
Tests for L{glance.api.v2.filters}, against a list in memory.
"""

from urllib.parse import urlencode

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.v2.calling import CallingTestCase

TEXTS = ["", "a", "b", "A", "a:b", 'a"b', "a,b", "\N{SNOWMAN}"]
NUMBERS = [0, 1, 512, 513]
FLAGS = [False, True]

IMAGES = [
    {
        "name": TEXTS[n % len(TEXTS)],
        "min_ram": NUMBERS[n % 3],
        "min_disk": NUMBERS[n % 4],
        "protected": n % 2 == 0,
        "os_hidden": n % 5 == 0,
        "visibility": ("shared", "private")[n % 3 == 0],
        "tags": TEXTS[1 : n % 4],
        "color": TEXTS[n % 3],
        **({"size of it": "big"} if n % 2 else {}),
    }
    for n in range(14)
]


def quoted(value):
    """
    Write a value in quotes.
    """
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def one_of(attribute, values):
    """
    Get the filter for one of several texts.
    """
    said = "in:" + ",".join(map(quoted, values))
    return (attribute, said), lambda image: image[attribute] in values


def bound(attribute, ending, number):
    """
    Get the filter for a least, a greatest or an only number.
    """
    holds = {
        "_min": lambda image: image[attribute] >= number,
        "_max": lambda image: image[attribute] <= number,
        "": lambda image: image[attribute] == number,
    }[ending]
    return (f"{attribute}{ending}", str(number)), holds


FILTERS = st.one_of(
    st.builds(one_of, st.just("name"), st.lists(st.sampled_from(TEXTS), min_size=1)),
    st.builds(
        bound,
        st.sampled_from(["min_ram", "min_disk"]),
        st.sampled_from(["_min", "_max", ""]),
        st.sampled_from(NUMBERS),
    ),
    st.sampled_from(FLAGS).map(
        lambda flag: (
            ("protected", str(flag)),
            lambda image: image["protected"] is flag,
        )
    ),
    st.sampled_from(["shared", "private"]).map(
        lambda word: (("visibility", word), lambda image: image["visibility"] == word)
    ),
    st.sampled_from(TEXTS).map(
        lambda word: (("color", word), lambda image: image["color"] == word)
    ),
    st.just((("size of it", "big"), lambda image: "size of it" in image)),
)

TAGS = st.lists(st.sampled_from(TEXTS[1:4]), max_size=2).map(
    lambda tags: [
        (("tag", tag), lambda image, tag=tag: tag in image["tags"]) for tag in tags
    ]
)

SORTS = st.lists(
    st.tuples(st.sampled_from(["name", "created_at", "id"]), st.sampled_from(FLAGS)),
    max_size=2,
    unique_by=lambda pair: pair[0],
)


class ModelTests(CallingTestCase):
    """
    A list holds what a list in memory would, in the same order, on however many
    pages.
    """

    def setUp(self):
        super().setUp()
        self.images = []
        for said in IMAGES:
            self.service.clock.advance(1)
            self.images.append(self.shown(self.create(**said)))

    def pages(self, arguments):
        """
        Get the ids on all pages.
        """
        path = f"/v2/images?{urlencode(arguments)}"
        ids = []
        while path is not None:
            document = orjson.loads(self.service.ask("GET", path).body)
            ids += [image["id"] for image in document["images"]]
            path = document.get("next")
        return ids

    def test_lists(self):
        """
        That holds for any filters, sorts and lengths of pages.
        """

        @settings(max_examples=150, deadline=None)
        @given(
            st.dictionaries(st.integers(), FILTERS, max_size=3),
            TAGS,
            st.sampled_from(FLAGS),
            SORTS,
            st.integers(1, 20),
        )
        def check(filters, tags, hidden, sorts, limit):
            # The last filter of a name is the one that counts.
            wanted = {pair[0]: (pair, holds) for pair, holds in filters.values()}
            wanted = [*wanted.values(), *tags]
            arguments = [pair for pair, _ in wanted]
            arguments += [("limit", str(limit)), ("os_hidden", str(hidden))]
            words = [f"{key}:{'desc' if down else 'asc'}" for key, down in sorts]
            if words:
                arguments.append(("sort", ",".join(words)))
            expected = [
                image
                for image in self.images
                if image["os_hidden"] is hidden
                and all(holds(image) for _, holds in wanted)
            ]
            # A sort by one key gives its direction to the ties, too.
            newest = len(sorts) != 1 or sorts[0][1]
            expected.sort(key=lambda image: image["created_at"], reverse=newest)
            for key, down in reversed(sorts):
                expected.sort(key=lambda image, key=key: image[key], reverse=down)
            self.assertEqual(self.pages(arguments), [image["id"] for image in expected])

        check()
