"""
The options of a Keystone that knows who asks, as C{[keystone_authtoken]} has them.
"""

from __future__ import annotations

from typing import Any

from oslo_config import types

from glance.config.option import FLAG, LIST, SOME_SECONDS, TEXT, Option
from glance.config.settings import Keystone
from glance.config.urls import is_url
from glance.config.values import Values
from glance.keystone.credentials import ApplicationCredential, Password

SECTION = "keystone_authtoken"

PASSWORD = ("password", "v3password")

CREDENTIAL = ("v3applicationcredential",)


def _option(
    name: str,
    default: Any,
    text: str,
    kind: Any = TEXT,
    *,
    also: tuple[str, ...] = (),
    secret: bool = False,
) -> Option:
    return Option(
        name=name,
        section=SECTION,
        also=tuple((SECTION, other) for other in also),
        confined=True,
        type=kind,
        default=default,
        daemons=("api",),
        secret=secret,
        help=text,
    )


KEYSTONE = (
    _option(
        "auth_url",
        None,
        """
Where Keystone is, with auth_strategy = keystone: such as
https://keystone.example.com:5000, with or without /v3.""",
        also=("identity_uri",),
        secret=True,
    ),
    _option(
        "www_authenticate_uri",
        None,
        """
The URL of Keystone that clients are told who don't log in.  Unless it is said, it
is auth_url.""",
        also=("auth_uri",),
        secret=True,
    ),
    _option(
        "auth_type",
        "password",
        """
How this service logs in at Keystone: password or v3applicationcredential.""",
        also=("auth_plugin",),
    ),
    _option(
        "username",
        None,
        """
The user that this service asks Keystone as: one with the role service, or admin, in
project_name.""",
        also=("user-name", "user_name", "admin_user"),
    ),
    _option("user_id", None, "Its id, instead of its name.", also=("user-id",)),
    _option("password", None, "Its password.", also=("admin_password",), secret=True),
    _option(
        "user_domain_name",
        None,
        "The domain of the user.",
        also=("user-domain-name", "default_domain_name", "default-domain-name"),
    ),
    _option(
        "user_domain_id",
        None,
        """
The id of that, instead of its name.  Unless either is said, it is default.""",
        also=("user-domain-id", "default_domain_id", "default-domain-id"),
    ),
    _option(
        "project_name",
        None,
        "The project that the user has its role in, as a rule service.",
        also=("project-name", "tenant_name", "tenant-name", "admin_tenant_name"),
    ),
    _option(
        "project_id",
        None,
        "Its id, instead of its name.",
        also=("project-id", "tenant_id", "tenant-id"),
    ),
    _option(
        "project_domain_name",
        None,
        "The domain of the project.",
        also=("project-domain-name",),
    ),
    _option(
        "project_domain_id",
        None,
        """
The id of that, instead of its name.  Unless either is said, it is default.""",
        also=("project-domain-id",),
    ),
    _option(
        "application_credential_id",
        None,
        """
The application credential that this service logs in with, where auth_type is
v3applicationcredential.""",
    ),
    _option("application_credential_secret", None, "Its secret.", secret=True),
    _option(
        "cafile",
        None,
        """
The certificates, in PEM, of the authorities that Keystone's is checked by.  Unless
it is said, they are those of the system.""",
    ),
    _option("certfile", None, "The certificate, in PEM, that is shown to Keystone."),
    _option("keyfile", None, "Its key.  Unless it is said, it is in certfile."),
    _option(
        "insecure",
        False,
        """
Whether any certificate of Keystone will do.  Whoever is between it and this service
can then be everybody.""",
        FLAG,
    ),
    _option(
        "http_connect_timeout",
        10,
        """
For how many seconds Keystone is waited for, until clients are answered 503.""",
        SOME_SECONDS,
    ),
    _option(
        "http_request_max_retries",
        3,
        """
How often Keystone is tried again where there is no connection to it, within that
time.""",
        types.Integer(min=0, max=100),
    ),
    _option(
        "token_cache_time",
        300,
        """
For how many seconds a token that is good need not be looked up again, unless it ends
before; so long it may go on to be taken when it is revoked.  0 or -1 to look it up
each time.""",
        types.Integer(min=-1, max=86400),
    ),
    _option(
        "service_token_roles",
        "service",
        """
The roles of services.  Where one of them has a user's token, and shows its own in
X-Service-Token, the user's may have ended.""",
        LIST,
    ),
    _option(
        "service_token_roles_required",
        False,
        "Whether X-Service-Token is of any good only with one of these roles.",
        FLAG,
    ),
)


def decide_keystone(usual: Values) -> Keystone:
    """
    Get the Keystone to ask.

    @raise ConfigurationError: something is missing, or cannot be.
    """
    options = usual.of(SECTION)
    url = options["auth_url"]
    if url is None:
        raise options.missing(
            "auth_url", "write the URL of Keystone, such as https://HOST:5000"
        )
    for name in ("auth_url", "www_authenticate_uri"):
        if options[name] is not None and not is_url(options[name]):
            raise options.wrong(
                name, "is no URL: write one such as https://HOST:5000, without a user"
            )
    return Keystone(
        url=url.rstrip("/"),
        public_url=(options["www_authenticate_uri"] or _unversioned(url)).rstrip("/"),
        user=_user(options),
        ca_file=options["cafile"],
        cert_file=options["certfile"],
        key_file=options["keyfile"],
        insecure=options["insecure"],
        patience=options["http_connect_timeout"],
        retries=options["http_request_max_retries"],
        kept=max(0, options["token_cache_time"]),
        service_roles=tuple(options["service_token_roles"]),
        service_roles_required=options["service_token_roles_required"],
    )


def _unversioned(url: str) -> str:
    return url.rstrip("/").removesuffix("/v3")


def _user(options: Values) -> ApplicationCredential | Password:
    kind = options["auth_type"].lower()
    if kind in CREDENTIAL:
        for name in ("application_credential_id", "application_credential_secret"):
            _need(options, name)
        return ApplicationCredential(
            id=options["application_credential_id"],
            secret=options["application_credential_secret"],
        )
    if kind not in PASSWORD:
        raise options.wrong("auth_type", "use password or v3applicationcredential")
    _need(options, "username", "user_id")
    _need(options, "password")
    _need(options, "project_name", "project_id")
    return Password(
        password=options["password"],
        **_named(options, "user", options["username"]),
        **_named(options, "project", options["project_name"]),
    )


def _need(options: Values, *names: str) -> None:
    if not any(options[name] for name in names):
        raise options.missing(
            names[0],
            "write what the user of this service has at Keystone, or use another "
            "auth_strategy",
        )


def _named(options: Values, what: str, name: str | None) -> dict[str, str | None]:
    """
    Get what a user or a project is known by: its id, or its name in a domain.
    """
    id, domain = options[f"{what}_id"], options[f"{what}_domain_name"]
    if id is not None:
        return {f"{what}_id": id}
    domain_id = options[f"{what}_domain_id"]
    if domain is None and domain_id is None:
        domain_id = "default"
    return {
        what: name,
        f"{what}_domain": domain if domain_id is None else None,
        f"{what}_domain_id": domain_id,
    }
