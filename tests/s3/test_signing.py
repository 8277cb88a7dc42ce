"""
Tests of L{glance.s3.signing}.
"""

import hashlib

from botocore.utils import percent_encode
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from glance.s3.addressing import Endpoint, Style
from glance.s3.credentials import Credentials
from glance.s3.signing import UNSIGNED, encoded_path, encoded_query, signed
from tests.s3.fake import ACCESS, SECRET
from tests.s3.signatures import AUTHORIZATION, signature

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126))
NAMES = st.sampled_from(
    ["range", "content-type", "if-match", "x-amz-meta-name", "content-md5"]
)


class SignedTests(SynchronousTestCase):
    """
    Requests are signed as others sign them.
    """

    @settings(deadline=None, max_examples=1000)
    @given(
        method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"]),
        key=TEXT.filter(bool) | st.none(),
        query=st.dictionaries(TEXT.filter(bool), TEXT, max_size=4),
        headers=st.dictionaries(NAMES, VALUE),
        token=st.none() | st.text("abc/+=", min_size=1),
        payload=st.binary().map(lambda d: hashlib.sha256(d).hexdigest())
        | st.just(UNSIGNED),
        region=st.sampled_from(["us-east-1", "eu-west-1", "default"]),
        now=st.floats(0, 4e9),
        url=st.sampled_from(["https://s3.test", "http://127.0.0.1:8080/root"]),
        style=st.sampled_from(Style),
    )
    def test_as_botocore(
        self, method, key, query, headers, token, payload, region, now, url, style
    ):
        """
        The signature is that of botocore, for any key, query and headers.
        """
        pairs = list(query.items())
        target = Endpoint.parse(url, style).target("bucket", key, pairs)
        sent = signed(
            method,
            target.path,
            target.query,
            {**headers, "host": target.host},
            payload=payload,
            credentials=Credentials(ACCESS, SECRET, token),
            region=region,
            now=now,
        )
        found = AUTHORIZATION.fullmatch(sent.pop("authorization"))
        self.assertEqual(found["names"].split(";"), sorted(sent))
        self.assertEqual((found["key"], found["region"]), (ACCESS, region))
        self.assertEqual(sent.get("x-amz-security-token"), token)
        plain = target.url.partition("?")[0]
        self.assertEqual(
            found["signature"],
            signature(method, plain, query, sent, SECRET, region),
        )

    @given(TEXT)
    def test_path(self, key):
        """
        Paths are encoded as others encode them.
        """
        self.assertEqual(encoded_path(key), percent_encode(key, safe="/~"))

    def test_query(self):
        """
        A query is sorted as it is encoded, and names without values have an equals
        sign.
        """
        query = [("uploads", ""), ("b~", "1 2"), ("a", "é/")]
        self.assertEqual(encoded_query(query), "a=%C3%A9%2F&b~=1%202&uploads=")
