"""
The options of CORS: which sites' scripts may ask the API.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from oslo_config import types

from glance.config.option import FLAG, LIST, LONGEST, Option
from glance.config.values import Values
from glance.cors import CORS

ALLOWED = (
    "Content-MD5,X-Image-Meta-Checksum,X-Storage-Token,Accept-Encoding,X-Auth-Token,"
    "X-Identity-Status,X-Roles,X-Service-Catalog,X-User-Id,X-Tenant-Id,"
    "X-OpenStack-Request-ID"
)
EXPOSED = (
    "X-Image-Meta-Checksum,X-Auth-Token,X-Subject-Token,X-Service-Token,"
    "X-OpenStack-Request-ID"
)


def _cors(name: str, kind: object, default: object, text: str) -> Option:
    return Option(
        name=name,
        section="cors",
        type=kind,
        default=default,
        daemons=("api",),
        confined=True,
        help=text,
    )


CROSS_ORIGIN = (
    _cors(
        "allowed_origin",
        LIST,
        "",
        """
The sites whose scripts may ask the API, such as https://dashboard.example.com, with
commas between; * is any.  Unless it is said, browsers let none.""",
    ),
    _cors(
        "allow_credentials",
        FLAG,
        True,
        """
Whether browsers send along what they know of their users, such as a password.  It
doesn't count for sites that are allowed by * only.""",
    ),
    _cors(
        "expose_headers",
        LIST,
        EXPOSED,
        "The headers of answers that these scripts may see.",
    ),
    _cors(
        "max_age",
        types.Integer(min=0, max=LONGEST),
        3600,
        "For how many seconds a browser need not ask again what a script may do.",
    ),
    _cors(
        "allow_methods",
        LIST,
        "GET,PUT,POST,DELETE,PATCH",
        "The methods that these scripts may use.",
    ),
    _cors(
        "allow_headers",
        LIST,
        ALLOWED,
        "The headers that these scripts may send, beside those that all may.",
    ),
)

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_PORTS = {"http": 80, "https": 443}


def cors(options: Values) -> CORS | None:
    """
    Get what scripts of other sites may do; L{None} for nothing.

    @raise ConfigurationError: a name is none.
    """
    options = options.of("cors")
    if not options["allowed_origin"]:
        return None
    for name in ("expose_headers", "allow_methods", "allow_headers"):
        if not all(map(_TOKEN.fullmatch, options[name])):
            raise options.wrong(name, "write names, with commas between")
    return CORS(
        origins=frozenset(_origin(options, one) for one in options["allowed_origin"]),
        credentials=options["allow_credentials"],
        exposed=tuple(options["expose_headers"]),
        max_age=options["max_age"],
        methods=frozenset(options["allow_methods"]),
        headers=frozenset(name.lower() for name in options["allow_headers"]),
    )


def _origin(options: Values, text: str) -> str:
    """
    Get a site as browsers name it.
    """
    if text == "*":
        return text
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    whole = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    if whole.lower() != text.lower() or "@" in text or not parts.hostname:
        raise options.wrong(
            "allowed_origin",
            "write each site as https://dashboard.example.com, with its port if it "
            "has another than usual, and nothing after it; or * for any",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = port is None or port == _PORTS.get(parts.scheme)
    return f"{parts.scheme}://{host}" + ("" if usual else f":{port}")
