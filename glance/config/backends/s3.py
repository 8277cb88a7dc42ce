"""
The options of the S3 store.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from attrs import field, frozen
from oslo_config import types

from glance.config.backends.kind import Kind, store_option
from glance.config.option import FLAG, SOME_SECONDS
from glance.config.values import Values


@frozen(kw_only=True)
class S3Backend:
    """
    The settings of an S3 store.
    """

    url: str
    """Where the server is."""

    access_key: str | None = field(repr=False)
    """L{None} for what the environment or the shared file of credentials says."""

    secret_key: str | None = field(repr=False)
    """L{None} where C{access_key} is."""

    bucket: str

    create_bucket: bool
    """Whether the bucket is made where there is none."""

    region: str | None
    """L{None} for what the server's name says, or it."""

    style: str
    """How URLs name the bucket: C{auto}, C{path} or C{virtual}."""

    part_size: int
    """How many bytes the parts have in which larger images are sent."""

    memory: int
    """How many bytes the parts of all uploads together may take."""

    ca_file: str | None
    """The certificates to trust; L{None} for the system's."""

    idle: float
    """For how many seconds the server may do nothing."""

    @property
    def place(self) -> tuple[str, str]:
        """
        The server, and the bucket.
        """
        return urlsplit(self.url).netloc.lower(), self.bucket


def _decide(options: Values) -> S3Backend:
    for name in ("s3_store_host", "s3_store_bucket"):
        if not options[name]:
            raise options.missing(name, "the S3 store needs it")
    access, secret = options["s3_store_access_key"], options["s3_store_secret_key"]
    if bool(access) != bool(secret):
        name = "s3_store_secret_key" if access else "s3_store_access_key"
        raise options.missing(name, "write both halves of the access key, or neither")
    host: str = options["s3_store_host"]
    return S3Backend(
        # As other Glances have it.
        url=host if "://" in host else f"http://{host}",
        access_key=access or None,
        secret_key=secret or None,
        bucket=options["s3_store_bucket"],
        create_bucket=options["s3_store_create_bucket_on_put"],
        region=options["s3_store_region_name"] or None,
        style=options["s3_store_bucket_url_format"],
        part_size=options["s3_store_large_object_chunk_size"] << 20,
        memory=options["s3_store_upload_memory"] << 20,
        ca_file=options["s3_store_cacert"] or None,
        idle=options["s3_store_idle_timeout"],
    )


S3 = Kind(
    name="s3",
    title="The S3 store",
    options=(
        store_option(
            "s3_store_host",
            None,
            """
The server of the S3 store: https://HOST or http://HOST, with :PORT where it has
another than usual.  Without a scheme it is http.""",
        ),
        store_option(
            "s3_store_access_key",
            None,
            """
The access key for the S3 store.  Without it the environment's AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN count, or else the profile that
AWS_PROFILE names, or default, in the file that AWS_SHARED_CREDENTIALS_FILE names,
or ~/.aws/credentials.""",
            secret=True,
        ),
        store_option(
            "s3_store_secret_key",
            None,
            "The secret that belongs to s3_store_access_key.",
            secret=True,
        ),
        store_option(
            "s3_store_bucket",
            None,
            """
The bucket that the S3 store keeps its data in.  It is best had alone.""",
        ),
        store_option(
            "s3_store_create_bucket_on_put",
            False,
            "Whether the S3 store makes its bucket where there is none.",
            FLAG,
        ),
        store_option(
            "s3_store_region_name",
            None,
            """
The region of the bucket.  Without it the one that the server's name says is taken,
or us-east-1; where the server says that this is wrong, the one that it says.""",
        ),
        store_option(
            "s3_store_bucket_url_format",
            "auto",
            """
How the S3 store's URLs name the bucket: path for https://HOST/BUCKET, virtual for
https://BUCKET.HOST, auto for virtual with Amazon and path with others.""",
            types.String(choices=["auto", "path", "virtual"]),
        ),
        store_option(
            "s3_store_large_object_chunk_size",
            10,
            """
How many MiB the parts have in which the S3 store sends what is larger than that.
They grow where there would be more than 10,000.""",
            types.Integer(min=5, max=5120),
        ),
        store_option(
            "s3_store_upload_memory",
            64,
            """
How many MiB of memory the parts of all uploads to the S3 store share, in each
process.  An upload has four parts at the most, and where there are many, one; then
they wait for each other.""",
            types.Integer(min=1, max=1 << 20),
        ),
        store_option(
            "s3_store_cacert",
            None,
            """
The certificates of the authorities to trust for the S3 store, in PEM, instead of
the system's.""",
        ),
        store_option(
            "s3_store_idle_timeout",
            60,
            """
For how many seconds the S3 store's server may take nothing, send nothing or leave a
request without an answer.  A transfer that goes on has no limit.""",
            SOME_SECONDS,
        ),
    ),
    decide=_decide,
    place=lambda settings: settings.place,
    meant=lambda options: options.is_written("s3_store_host"),
)
