"""
Tests of L{glance.s3.addressing}.
"""

from twisted.trial.unittest import SynchronousTestCase

from glance.s3.addressing import Endpoint, Style, region_named


class EndpointTests(SynchronousTestCase):
    """
    A bucket is in the path or in the host.
    """

    def url(self, url, bucket="bucket", key="a/b", style=Style.AUTO, region=None):
        """
        Get the URL of an object.
        """
        endpoint = Endpoint.parse(url, style)
        if region is not None:
            endpoint = endpoint.within(region)
        return endpoint.target(bucket, key, []).url

    def test_path(self):
        """
        With a server that isn't Amazon's it is in the path.
        """
        self.assertEqual(self.url("http://h:81"), "http://h:81/bucket/a/b")
        self.assertEqual(self.url("h/root/"), "https://h/root/bucket/a/b")
        self.assertEqual(self.url("http://h:81", key=None), "http://h:81/bucket")
        self.assertEqual(self.url("http://h", bucket=None, key=None), "http://h/")

    def test_virtual(self):
        """
        It is in the host if that is asked for, and with Amazon where its name is
        one of a host that certificates can be for.
        """
        self.assertEqual(
            self.url("http://h:81", style=Style.VIRTUAL), "http://bucket.h:81/a/b"
        )
        amazon = "https://s3.amazonaws.com"
        self.assertEqual(self.url(amazon), "https://bucket.s3.amazonaws.com/a/b")
        self.assertEqual(self.url(amazon, bucket="b.c"), f"{amazon}/b.c/a/b")
        self.assertEqual(self.url(amazon, style=Style.PATH), f"{amazon}/bucket/a/b")

    def test_default_port(self):
        """
        The scheme's own port isn't said: the signature has the host as it is sent.
        """
        self.assertEqual(self.url("http://h:80"), "http://h/bucket/a/b")
        self.assertEqual(self.url("https://h:443"), "https://h/bucket/a/b")
        self.assertEqual(self.url("http://[::1]:81"), "http://[::1]:81/bucket/a/b")

    def test_as_it_is(self):
        """
        Nothing in a key is taken for something else.
        """
        self.assertEqual(
            self.url("http://h", key="../é ?#/%2f//x"),
            "http://h/bucket/../%C3%A9%20%3F%23/%252f//x",
        )

    def test_region(self):
        """
        Another region is another host with Amazon, and nowhere else.
        """
        self.assertEqual(
            self.url("s3.amazonaws.com", region="eu-west-1", style=Style.PATH),
            "https://s3.eu-west-1.amazonaws.com/bucket/a/b",
        )
        self.assertEqual(
            self.url("s3.cn-north-1.amazonaws.com.cn", region="cn-northwest-1"),
            "https://bucket.s3.cn-northwest-1.amazonaws.com.cn/a/b",
        )
        self.assertEqual(self.url("http://h", region="x"), "http://h/bucket/a/b")
        self.assertEqual(
            Endpoint.parse("s3.eu-west-1.amazonaws.com").region, "eu-west-1"
        )
        self.assertIsNone(Endpoint.parse("h").region)

    def test_same_server(self):
        """
        One server is one whether TLS is spoken or not; Amazon's hosts all have the
        same buckets, but for those in China.
        """
        aws = "amazonaws.com"
        for one, other, same in (
            ("http://h", "https://h", True),
            ("http://h:80", "https://h:443", True),
            ("http://h:1", "http://h:2", False),
            ("http://h", "http://g", False),
            ("http://h/a", "http://h/b", False),
            (f"https://s3.{aws}", f"http://s3.eu-west-1.{aws}", True),
            (f"https://s3-eu-west-1.{aws}", f"https://s3.us-west-2.{aws}", True),
            (f"https://s3.{aws}", f"https://s3.cn-north-1.{aws}.cn", False),
            (f"https://s3.{aws}", "https://h", False),
        ):
            found = Endpoint.parse(one).same_server(Endpoint.parse(other))
            self.assertEqual(found, same, (one, other))

    def test_bad_region(self):
        """
        What a server calls a region becomes no other host.
        """
        self.assertEqual(region_named("eu-west-1"), "eu-west-1")
        for text in (None, "", "evil.test/", "a b", "a\n", "@x", "-x", "x" * 64):
            self.assertIsNone(region_named(text))

    def test_bad_names(self):
        """
        Nothing is asked of a bucket that was meant for an object, nor of a host or
        a path that a bucket's name would make.
        """
        for style in Style:
            for bucket, key in (
                ("bucket", ""),
                ("", "k"),
                ("a/b", "k"),
                ("..", "k"),
                ("evil.test/", None),
                ("a:b@c", None),
                ("a\n", None),
            ):
                endpoint = Endpoint.parse("http://h", style)
                self.assertRaises(ValueError, endpoint.target, bucket, key, [])

    def test_bad(self):
        """
        What is no URL of a server is refused.
        """
        for url in ("ftp://h", "http://", "http://a:b@h", "http://h?x", "http://h:no"):
            self.assertRaises(ValueError, Endpoint.parse, url)
