"""
The options of the Swift store.
"""

from __future__ import annotations

from attrs import frozen
from oslo_config import types

from glance.config.backends.kind import Kind, store_option
from glance.config.backends.references import AUTO, Reference, read_references
from glance.config.option import FLAG, SOME_SECONDS
from glance.config.settings import ConfigurationError
from glance.config.urls import is_url
from glance.config.values import Values

MIB = 1 << 20

INTERFACES = {
    "publicURL": "public",
    "internalURL": "internal",
    "adminURL": "admin",
}


@frozen(kw_only=True)
class SwiftBackend:
    """
    The settings of a Swift store.
    """

    account: Reference
    """Who has the data, and where tokens are had."""

    references: frozenset[str]
    """The names by which older Glances knew the account."""

    container: str
    create_container: bool
    """Whether the container is made where there is none."""

    above: int
    """The most bytes that are kept in one object."""

    segment: int
    """How many bytes the segments have of what is larger."""

    region: str | None
    """L{None} for the first that the catalogue has."""

    interface: str
    """C{public}, C{internal} or C{admin}."""

    service_type: str
    endpoint: str | None
    """The URL of the account; L{None} for the one that comes with a token."""

    ca_file: str | None
    """The certificates to trust; L{None} for the system's."""

    insecure: bool
    """Whether any certificate will do."""

    idle: float
    """For how many seconds Swift may do nothing."""

    @property
    def place(self) -> tuple[str | None, ...]:
        """
        The account's URL, or where tokens are had, the region, and what says which
        account it is; and the container.
        """
        if self.endpoint is not None:
            return self.endpoint.rstrip("/"), self.container
        account = self.account
        return (
            account.url,
            self.region,
            account.credential_id,
            account.account,
            account.project_domain_name or account.project_domain_id,
            self.container,
        )


def _decide(options: Values) -> SwiftBackend:
    account, references = _account(options)
    container: str = options["swift_store_container"]
    if "/" in container or container in (".", "..") or len(container) > 256:
        raise options.wrong(
            "swift_store_container",
            "it must be the name of a container, without slashes",
        )
    endpoint = options["swift_store_endpoint"]
    if endpoint is not None and not is_url(endpoint):
        raise options.wrong(
            "swift_store_endpoint",
            "write https://HOST/v1/ACCOUNT, without a user and a key",
        )
    return SwiftBackend(
        account=account,
        references=references,
        container=container,
        create_container=options["swift_store_create_container_on_put"],
        above=options["swift_store_large_object_size"] * MIB,
        segment=options["swift_store_large_object_chunk_size"] * MIB,
        region=options["swift_store_region"],
        interface=INTERFACES[options["swift_store_endpoint_type"]],
        service_type=options["swift_store_service_type"],
        endpoint=endpoint,
        ca_file=options["swift_store_cacert"],
        insecure=options["swift_store_auth_insecure"],
        idle=options["swift_store_idle_timeout"],
    )


def _account(options: Values) -> tuple[Reference, frozenset[str]]:
    """
    Get the account, and all names of it.
    """
    name: str = options["default_swift_reference"]
    path: str | None = options["swift_store_config_file"]
    if path is None:
        return _checked(options, _written(options)), frozenset({name})
    try:
        found = read_references(path)
    except ValueError as error:
        raise options.wrong("swift_store_config_file", str(error)) from None
    if name not in found:
        raise options.wrong(
            "default_swift_reference", f"there is no section [{name}] in {path}"
        )
    account = found[name]
    same = {other for other, its in found.items() if its.is_account_of(account)}
    return _checked(options, account), frozenset(same)


def _written(options: Values) -> Reference:
    address = options["swift_store_auth_address"]
    if address is None:
        raise options.missing(
            "swift_store_auth_address",
            "the Swift store needs it, or swift_store_config_file",
        )
    return Reference(
        address=address,
        version=options["swift_store_auth_version"],
        user=options["swift_store_user"],
        key=options["swift_store_key"],
        user_domain_id=options["swift_store_user_domain_id"],
        user_domain_name=options["swift_store_user_domain_name"],
        project_domain_id=options["swift_store_project_domain_id"],
        project_domain_name=options["swift_store_project_domain_name"],
        credential_id=options["swift_store_application_credential_id"],
        credential_secret=options["swift_store_application_credential_secret"],
    )


def _checked(options: Values, account: Reference) -> Reference:
    problem = account.problem()
    if problem is None:
        return account
    name, cure = problem
    path = options["swift_store_config_file"]
    if path is not None:
        section = options["default_swift_reference"]
        raise ConfigurationError(f"{name} in [{section}] of {path}: {cure}")
    option = f"swift_store_{name}"
    complain = options.wrong if options.is_written(option) else options.missing
    raise complain(option, cure)


def _is_meant(options: Values) -> bool:
    names = ("auth_address", "user", "key")
    return options.is_written("swift_store_config_file") or all(
        options.is_written(f"swift_store_{name}") for name in names
    )


SWIFT = Kind(
    name="swift",
    also=("swift+http", "swift+https", "swift+config"),
    title="The Swift store",
    options=(
        store_option(
            "swift_store_auth_address",
            None,
            """
Where the Swift store gets its tokens: the URL of Keystone, or with version 1 that of
Swift's own authentication, such as https://swift.example/auth/v1.0.  Without a scheme
it is https.""",
            secret=True,
        ),
        store_option(
            "swift_store_auth_version",
            AUTO,
            """
1 for Swift's own authentication, 3 for Keystone.  2 is the same as 3, which Keystone
has had beside it.  auto is 1 where the address ends with /v1 or /v1.0, and else 3.""",
            types.String(choices=[AUTO, "1", "2", "3"]),
        ),
        store_option(
            "swift_store_user",
            None,
            """
Who keeps the data: ACCOUNT:USER with version 1, PROJECT:USER with Keystone.""",
        ),
        store_option(
            "swift_store_key", None, "The user's key, or password.", secret=True
        ),
        store_option(
            "swift_store_user_domain_id",
            "default",
            "The id of the user's domain in Keystone.",
        ),
        store_option(
            "swift_store_user_domain_name",
            None,
            "The name of the user's domain in Keystone; it counts more than its id.",
        ),
        store_option(
            "swift_store_project_domain_id",
            "default",
            "The id of the project's domain in Keystone.",
        ),
        store_option(
            "swift_store_project_domain_name",
            None,
            "The name of the project's domain in Keystone; it counts more than its id.",
        ),
        store_option(
            "swift_store_application_credential_id",
            None,
            """
An application credential of Keystone, instead of swift_store_user and
swift_store_key.""",
        ),
        store_option(
            "swift_store_application_credential_secret",
            None,
            "The secret of swift_store_application_credential_id.",
            secret=True,
        ),
        store_option(
            "swift_store_config_file",
            None,
            """
A file with a section for each account, that has auth_address, user, key,
auth_version, and the domains.  It counts instead of the options of those names.  Keep
it from the eyes of others.""",
        ),
        store_option(
            "default_swift_reference",
            "ref1",
            """
The section of swift_store_config_file that counts.  Without such a file: the one that
it had, in the days when older Glances used one.""",
        ),
        store_option(
            "swift_store_container",
            "glance",
            """
The container that the Swift store keeps its data in.  It is best had alone.""",
        ),
        store_option(
            "swift_store_create_container_on_put",
            False,
            "Whether the Swift store makes its container where there is none.",
            FLAG,
        ),
        store_option(
            "swift_store_large_object_size",
            5120,
            """
What is larger than so many MiB, or of unknown size, is kept in segments.  It must not
be more than Swift takes at once.""",
            types.Integer(min=1, max=MIB),
        ),
        store_option(
            "swift_store_large_object_chunk_size",
            200,
            """
How many MiB a segment has.  They grow where there would be more than 1000; of unknown
size an image has no more than 1000 such.""",
            types.Integer(min=1, max=5120),
        ),
        store_option(
            "swift_store_region",
            None,
            """
The region of Keystone's catalogue that the Swift store is in; the first one unless it
is said.""",
        ),
        store_option(
            "swift_store_endpoint_type",
            "publicURL",
            "Which URL of Keystone's catalogue the Swift store uses.",
            types.String(choices=[*INTERFACES]),
        ),
        store_option(
            "swift_store_service_type",
            "object-store",
            "What Keystone's catalogue calls Swift.",
        ),
        store_option(
            "swift_store_endpoint",
            None,
            """
The URL of the account in Swift, such as https://swift.example/v1/AUTH_1234, instead of
the one that comes with a token.""",
            secret=True,
        ),
        store_option(
            "swift_store_cacert",
            None,
            """
The certificates of the authorities to trust for the Swift store and its Keystone, in
PEM, instead of the system's.""",
        ),
        store_option(
            "swift_store_auth_insecure",
            False,
            """
Whether any certificate will do: who is on the way can read and change everything,
the key too.""",
            FLAG,
        ),
        store_option(
            "swift_store_idle_timeout",
            60,
            """
For how many seconds Swift may take nothing, send nothing or leave a request without an
answer.  A transfer that goes on has no limit.""",
            SOME_SECONDS,
        ),
    ),
    decide=_decide,
    place=lambda settings: settings.place,
    meant=_is_meant,
)
