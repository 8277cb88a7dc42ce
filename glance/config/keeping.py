"""
The options of keeping images: the registry, the stores, the limits.
"""

from __future__ import annotations

from typing import Any

from oslo_config import types

from glance.config.backends.kind import store_option
from glance.config.option import (
    AMOUNT,
    COUNT,
    FLAG,
    LIST,
    QUOTA,
    SECONDS,
    SOME_SECONDS,
    TEXT,
    Option,
    in_default,
)
from glance.limits import Limits

USUAL = Limits()
"""
The limits that hold unless others are said.
"""


def _limit(name: str, kind: Any, default: Any, text: str) -> Option:
    return Option(
        name=name,
        type=kind,
        default=default,
        daemons=("api", "registry"),
        reloadable=True,
        help=text,
    )


def _inspected(name: str, kind: Any, default: Any, text: str) -> Option:
    return Option(
        name=name,
        section="image_format",
        type=kind,
        default=default,
        daemons=("api",),
        reloadable=True,
        help=text,
    )


REGISTRY = (
    Option(
        name="registry_host",
        type=TEXT,
        default="127.0.0.1",
        daemons=("api",),
        help="""
Where the API finds the registry: a host name, an address, or unix: and the
path of a socket.""",
    ),
    Option(
        name="registry_port",
        type=types.Integer(min=1, max=65535),
        default=9191,
        daemons=("api",),
        help="The TCP port at which the API finds the registry.",
    ),
    Option(
        name="registry_client_protocol",
        type=types.String(choices=["http", "https"]),
        default="http",
        daemons=("api",),
        help="What the API speaks with the registry: http, or https for TLS.",
    ),
    Option(
        name="registry_client_timeout",
        type=SOME_SECONDS,
        default=600,
        daemons=("api",),
        help="How many seconds the registry may take to answer.",
    ),
    Option(
        name="registry_secret",
        type=TEXT,
        default=None,
        daemons=("api", "registry"),
        secret=True,
        help="""
What the API shows to the registry: the same text for both.  Without it the
registry listens to its own machine only.  Keep a file that holds it from the
eyes of others.""",
    ),
    Option(
        name="connection",
        section="database",
        # Users are beside it, wherever it is written.
        also=(
            ("database", "sql_connection"),
            *in_default("sql_connection"),
            ("app:glance-registry", "sql_connection"),
        ),
        type=TEXT,
        default="sqlite:////var/lib/glance/glance.sqlite",
        daemons=("registry",),
        secret=True,
        help="""
The database of the registry: sqlite:////PATH, postgresql://USER:PASSWORD@HOST/NAME
or mysql://USER:PASSWORD@HOST/NAME.""",
    ),
    Option(
        name="connection_recycle_time",
        section="database",
        also=(
            ("database", "idle_timeout"),
            ("database", "sql_idle_timeout"),
            *in_default("sql_idle_timeout"),
        ),
        type=SECONDS,
        default=3600,
        daemons=("registry",),
        help="After how many seconds a connection to the database is replaced.",
    ),
    Option(
        name="max_pool_size",
        section="database",
        also=(("database", "sql_max_pool_size"), *in_default("sql_max_pool_size")),
        type=COUNT,
        default=5,
        daemons=("registry",),
        help="How many connections to the database are kept.",
    ),
)

STORES = (
    store_option(
        "default_store",
        "file",
        """
The kind of store that new data goes to: file, which may be called filesystem as
well.""",
    ),
    Option(
        name="stores",
        section="glance_store",
        also=(("glance_store", "known_stores"), *in_default("stores", "known_stores")),
        type=LIST,
        default="",
        daemons=("api",),
        help="""
The kinds of stores that there are, one store of each.  Unless it is said, these
are that of default_store, and those whose options are set.""",
    ),
    Option(
        name="enabled_backends",
        type=LIST,
        default="",
        daemons=("api",),
        help="""
Several stores, each with a name and its kind, such as fast:file, archive:file.
The options of each are in a section of its name then, together with
store_description, which users are told, and weight: of several stores that have
an image's data, the one with the highest is read first.""",
    ),
    Option(
        name="default_backend",
        section="glance_store",
        also=in_default("default_backend"),
        type=TEXT,
        default=None,
        daemons=("api",),
        help="The name of the one of enabled_backends that new data goes to.",
    ),
)

UPLOADS = (
    Option(
        name="hashing_algorithm",
        type=types.String(choices=["sha256", "sha384", "sha512", "blake2b"]),
        default="sha512",
        daemons=("api",),
        help="What is computed of image data beside MD5.",
    ),
    Option(
        name="upload_memory",
        type=COUNT,
        default=32,
        daemons=("api",),
        help="""
How many MiB of memory all uploads in flight share.  Each of several stores has an
equal part, so that uploads to one that hangs leave the others theirs.""",
    ),
    Option(
        name="concurrent_fetches",
        type=types.Integer(min=1, max=1000),
        default=4,
        daemons=("api",),
        help="""
How many images each process fills at a time from elsewhere, as
X-Glance-Api-Copy-From asks for.  Up to 100 more wait.""",
    ),
    Option(
        name="registry_retry",
        type=SECONDS,
        default=60,
        daemons=("api",),
        help="""
For how many seconds the end of an upload is tried to be registered while the
registry cannot be reached.  Then its data is deleted.""",
    ),
    Option(
        name="lease_duration",
        type=SOME_SECONDS,
        default=60,
        daemons=("api",),
        help="""
After how many seconds of silence an API daemon is taken for dead, so that
others settle its uploads.""",
    ),
    Option(
        name="reaper_interval",
        type=SOME_SECONDS,
        default=30,
        daemons=("api",),
        help="""
How many seconds pass between two searches for uploads of the dead, and for
data that is to be deleted.""",
    ),
    Option(
        name="delayed_delete",
        type=FLAG,
        default=False,
        daemons=("api",),
        help="Whether the data of a deleted image is kept for scrub_time.",
    ),
    Option(
        name="scrub_time",
        type=SECONDS,
        default=0,
        daemons=("api",),
        help="For how many seconds delayed_delete keeps the data of a deleted image.",
    ),
)

LIMITS = (
    _limit(
        "image_size_cap",
        types.Integer(min=1, max=2**63),
        USUAL.image_size_cap,
        "How many bytes the data of an image may have.",
    ),
    _limit(
        "limit_param_default",
        COUNT,
        USUAL.page_default,
        "How many images a page of a list has when the client doesn't say.",
    ),
    _limit(
        "api_limit_max",
        COUNT,
        USUAL.page_max,
        "How many images a page of a list has at most.",
    ),
    _limit(
        "image_property_quota",
        QUOTA,
        USUAL.properties,
        "How many properties an image may have.  -1 for any number.",
    ),
    _limit(
        "image_member_quota",
        QUOTA,
        USUAL.members,
        "How many members an image may have.  -1 for any number.",
    ),
    _limit(
        "image_tag_quota",
        QUOTA,
        USUAL.tags,
        "How many tags an image may have.  -1 for any number.",
    ),
    _limit(
        "image_location_quota",
        QUOTA,
        USUAL.locations,
        "How many locations an image may have.  -1 for any number.",
    ),
    _limit(
        "user_storage_quota",
        AMOUNT,
        "0",
        """
How much data all images of a project may have together, such as 500MB or 10GB (of
1024 MB each); 0 for any amount.  Each copy of an image counts, and so does what is
being uploaded.
""",
    ),
    _limit(
        "image_count_total",
        QUOTA,
        USUAL.quota.images,
        "How many images a project may have.  -1 for any number.",
    ),
    _limit(
        "image_count_uploading",
        QUOTA,
        USUAL.quota.uploads,
        """
How many images of a project may get their data at the same time.  -1 for any number.
""",
    ),
    Option(
        name="disk_formats",
        section="image_format",
        also=in_default("disk_formats"),
        type=LIST,
        default=",".join(USUAL.disk_formats),
        daemons=("api", "registry"),
        reloadable=True,
        help="The disk formats that an image may have.",
    ),
    Option(
        name="container_formats",
        section="image_format",
        also=in_default("container_formats"),
        type=LIST,
        default=",".join(USUAL.container_formats),
        daemons=("api", "registry"),
        reloadable=True,
        help="The container formats that an image may have.",
    ),
    _inspected(
        "require_image_format_match",
        FLAG,
        USUAL.require_format_match,
        """
Whether uploaded data must be of the disk format that its image has, as far as
that can be seen.  Data that isn't safe is refused in any case.
""",
    ),
    _inspected(
        "vmdk_allowed_types",
        LIST,
        ",".join(USUAL.vmdk_types),
        """
The create types that a VMDK may have.  Others than these two are never taken:
their data is in other files.
""",
    ),
    _inspected(
        "gpt_safety_checks_nonfatal",
        FLAG,
        USUAL.gpt_faults_pass,
        """
Whether a disk is taken though its partition table is not valid.  Some boot
sectors, as of floppy disks, look like that.
""",
    ),
)
