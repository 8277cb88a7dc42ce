"""
The settings of a daemon, as values.

They say what was decided, not how it was written down: whoever is given one
need not know of files, sections and older names.  Times are in seconds, sizes
in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Any, Literal

from attrs import field, frozen

from glance.config.trust import ClientTLS, ServerTLS
from glance.cors import CORS
from glance.errors import GlanceError
from glance.keystone.credentials import ApplicationCredential, Password
from glance.limits import Limits
from glance.policy.protections import Protections
from glance.policy.rules import DEFAULT_RULES, Rules

Service = Literal["api", "registry", "all"]
"""
Which daemon: the API, the registry, or both in one process.
"""


class ConfigurationError(GlanceError):
    """
    An option has a value that cannot be; one line names it and the cure.
    """


@frozen(kw_only=True)
class Policy:
    """
    Who may do what.
    """

    rules: Rules = DEFAULT_RULES
    protections: Protections | None = None
    """Who may do what with properties; L{None} where operators don't say."""
    warnings: tuple[str, ...] = ()
    """One line for each rule that does nothing."""


@frozen
class Endpoint:
    """
    Where a daemon listens: at a port of an address, or at a UNIX socket.
    """

    host: str
    """An IP address; empty for a UNIX socket."""

    port: int
    """A TCP port; 0 for any that is free, and for a UNIX socket."""

    backlog: int
    """How many connections may wait to be accepted."""

    path: str | None = None
    """The path of a UNIX socket; L{None} for a TCP port."""

    tls: ServerTLS | None = None
    """L{None} for plain HTTP."""

    @property
    def scheme(self) -> str:
        """
        How URLs of what is there begin.
        """
        return "http" if self.tls is None else "https"

    @property
    def is_local(self) -> bool:
        """
        Whether only this machine can connect.
        """
        if self.path is not None:
            return True
        address = ip_address(self.host)
        # Pythons differ in whether they look through a mapped address.
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback

    def clashes(self, other: Endpoint) -> bool:
        """
        Tell whether one process cannot listen at both.
        """
        if self.path is not None or other.path is not None:
            return self.path == other.path
        hosts = {self.host, other.host}
        return self.port == other.port != 0 and (
            len(hosts) == 1 or not hosts.isdisjoint({"0.0.0.0", "::"})
        )

    @property
    def reached_at(self) -> str:
        """
        The address that this machine connects to; empty for a UNIX socket.
        """
        # All addresses of a machine are none to connect to.
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def url(self) -> str:
        """
        The URL that this machine's clients use; a UNIX socket stands for
        C{localhost}.
        """
        if self.path is not None:
            return f"{self.scheme}://localhost"
        host = self.reached_at
        host = f"[{host}]" if ":" in host else host
        return f"{self.scheme}://{host}:{self.port}"

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@frozen(kw_only=True)
class RegistryAddress:
    """
    Where the API finds the registry daemon.
    """

    host: str
    """A name or an IP address; C{localhost} for a UNIX socket."""

    port: int

    path: str | None
    """The path of a UNIX socket; L{None} for a TCP port."""

    timeout: float
    """How long the registry may take to answer, in seconds."""

    tls: ClientTLS | None = None
    """L{None} for plain HTTP."""

    @property
    def url(self) -> str:
        """
        The URL of the registry, without a slash at its end.
        """
        scheme = "http" if self.tls is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


@frozen(kw_only=True)
class Database:
    """
    Where the registry keeps what it knows.
    """

    url: str = field(repr=False)
    """An SQLAlchemy URL, password included; file paths in it are absolute."""

    idle_timeout: float
    """After how many seconds a connection is replaced."""

    pool_size: int
    """How many connections are kept."""


@frozen(kw_only=True)
class Backend:
    """
    A store.
    """

    name: str

    kind: str
    """Such as C{file}; one of L{glance.config.backends.kinds}."""

    section: str | None = None
    """The section of its options; L{None} for the one for all stores."""

    description: str | None = None
    """What users are told of it; L{None} for nothing."""

    weight: int = 0
    """Of several copies of data the one with the highest is read first."""

    of: Any
    """What is special to its kind: a value of the kind's own class."""

    def option(self, name: str) -> str:
        """
        Get what an operator knows one of its options by.
        """
        return name if self.section is None else f"{name} in [{self.section}]"


@frozen(kw_only=True)
class Stores:
    """
    Where image data rests.
    """

    default: str
    """The name of the store that new data goes to."""

    several: bool
    """Whether users are told that there are several, and by which names."""

    backends: tuple[Backend, ...]

    former: Mapping[str, str] = field(factory=dict)
    """
    The names of the stores that have what was stored when there was one store of
    each kind, by what that was called.
    """


@frozen(kw_only=True)
class Log:
    """
    What is logged, and where to.
    """

    level: str
    """C{debug}, C{info} or C{warn}; can change while the daemon runs."""

    levels: Mapping[str, str]
    """
    The level of each namespace that has its own, by the names of
    L{twisted.logger.LogLevel}; can change while the daemon runs.
    """

    file: str | None
    """The absolute path of the log file; L{None} for standard output."""

    option: str
    """The name of the option that says where it is."""

    format: Literal["text", "json"]


@frozen(kw_only=True)
class Http:
    """
    How requests are taken.
    """

    client_socket_timeout: float | None
    """After how many seconds of silence a client is given up; L{None} never."""

    client_header_timeout: float | None
    """How many seconds headers may take; L{None} for as many as silence."""

    max_header_line: int
    """How many bytes a line of a request's head may have."""

    minimum_upload_rate: int
    """How many bytes a second a client has to send; 0 for any number."""

    minimum_download_rate: int
    """How many bytes a second a client has to read; 0 for any number."""

    public_endpoint: str | None
    """
    The URL that clients reach the API at, without a slash at its end; L{None}
    to take it from each request.
    """

    proxy_headers: bool
    """Whether what a proxy says of the client is believed."""

    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    """The proxies that are believed; a UNIX socket's peer always is."""

    cors: CORS | None
    """L{None} where scripts of other sites may do nothing."""


@frozen(kw_only=True)
class LocalUsers:
    """
    Users of this service's own.
    """

    file: Path
    """The absolute path of the file that they are in."""

    @property
    def clouds(self) -> Path:
        """
        The path of what tells clients how the first of them logs in.
        """
        return self.file.with_name("clouds.yaml")

    token_life: float
    """For how many seconds a token is good."""

    region: str
    """What clients know the region of this service by."""

    anonymous: bool
    """Whether who doesn't say who it is sees what all may."""


@frozen(kw_only=True)
class Keystone:
    """
    A Keystone that knows who asks.
    """

    url: str
    """Where it is asked, with or without C{/v3}."""

    public_url: str
    """Where clients are told to log in."""

    user: ApplicationCredential | Password
    """Whom this service logs in as."""

    ca_file: str | None
    """The authorities to trust; L{None} for the system's."""

    cert_file: str | None
    key_file: str | None

    insecure: bool
    """Whether any certificate will do."""

    patience: float
    """For how many seconds it is waited for."""

    retries: int
    """How often it is tried again where there is no connection."""

    kept: float
    """For how many seconds a token that is good is believed."""

    service_roles: tuple[str, ...]
    """The roles of services whose users' tokens may have ended."""

    service_roles_required: bool
    """Whether the token of a service needs one of them."""


@frozen(kw_only=True)
class Identity:
    """
    Who somebody is.
    """

    auth_strategy: str
    """
    C{local}: by L{LocalUsers}; C{keystone}: by L{Keystone}; C{trusted_headers}: by
    C{X-Tenant-Id} and its like; C{noauth}: everybody is an administrator.
    """

    local: LocalUsers

    keystone: Keystone | None
    """L{None} for another strategy."""

    admin_role: str
    owner_is_tenant: bool
    """Whether an image is owned by a tenant rather than a user."""


@frozen(kw_only=True)
class Upload:
    """
    How uploads are done.
    """

    hashing_algorithm: str
    """The name, as of L{hashlib}, of what is computed beside MD5."""

    registry_retry: float
    """For how many seconds the end of an upload is tried to be registered."""

    lease_duration: float
    """After how many seconds of silence a process is taken for dead."""

    reaper_interval: float
    """How many seconds pass between two searches for what the dead left."""

    memory: int
    """How many bytes of memory all uploads in flight share."""

    fetches: int
    """How many images are filled at a time from where their data is."""


@frozen(kw_only=True)
class Deletion:
    """
    What becomes of the data of a deleted image.
    """

    delayed: bool
    """Whether it is kept for a while."""

    scrub_time: float
    """For how many seconds it is kept, if it is."""


@frozen(kw_only=True)
class ImageProperties:
    """
    What an operator says of the custom properties of images.
    """

    schemas: Mapping[str, Any]
    """The JSON schema of each, by name."""

    required: tuple[str, ...]
    """Those that each new image has to have."""


@frozen(kw_only=True)
class Source:
    """
    What settings were read from, so that they can be read again.
    """

    service: Service
    config_files: tuple[str, ...]
    config_dirs: tuple[str, ...]
    search_path: tuple[str, ...]


@frozen(kw_only=True)
class Settings:
    """
    All that a daemon is told.
    """

    service: Service

    api: Endpoint | None
    """Where the API listens; L{None} for a registry daemon."""

    registry_listen: Endpoint | None
    """
    Where the registry listens; L{None} for an API daemon, and for both in one
    process unless they are told a place.
    """

    registry: RegistryAddress
    """Where an API daemon finds the registry."""

    registry_secret: str | None = field(repr=False)
    """What the API shows to the registry; L{None} for nothing."""

    database: Database
    stores: Stores | None
    """L{None} for a registry daemon."""

    limits: Limits
    """They can change while the daemon runs."""

    policy: Policy
    """It can change while the daemon runs."""

    image_properties: ImageProperties | None
    """L{None} where the operator says nothing of them."""

    log: Log
    http: Http
    identity: Identity
    upload: Upload
    deletion: Deletion

    workers: int
    """How many processes serve the API; 1 for none but this one."""

    graceful_shutdown_timeout: float
    """For how many seconds transfers in flight may go on at the end."""

    files: tuple[str, ...]
    """The files that were read, the last of which has the last word."""

    warnings: tuple[str, ...]
    """One line for each option in the files that does nothing."""

    notes: tuple[str, ...]
    """One line for each thing that was decided and might surprise."""

    source: Source = field(repr=False)
    values: Mapping[str, Any] = field(repr=False, eq=False)
    """The value of each option, passwords included; for a reload only."""

    @property
    def places(self) -> dict[str, Endpoint]:
        """
        The places to listen at, by the names of the options that say which port.
        """
        second = "registry_bind_port" if self.service == "all" else "bind_port"
        both = (("bind_port", self.api), (second, self.registry_listen))
        return {option: place for option, place in both if place is not None}
