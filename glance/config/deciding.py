"""
From the values of options to settings.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from glance.config.backends.choosing import decide_stores
from glance.config.certificates import registry_tls, server_tls
from glance.config.cors import cors
from glance.config.identity import decide_identity, is_chosen, strategy
from glance.config.settings import (
    Database,
    Deletion,
    Endpoint,
    Http,
    ImageProperties,
    Log,
    Policy,
    RegistryAddress,
    Settings,
    Source,
    Upload,
)
from glance.config.urls import is_url
from glance.config.values import Values
from glance.limits import Limits, Quota

HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.(?!-)[A-Za-z0-9_-]{1,63})*\.?")

DATABASES = ("sqlite", "postgresql", "mysql", "mariadb")

LEVELS = {
    "DEBUG": "debug",
    "INFO": "info",
    "WARN": "warn",
    "WARNING": "warn",
    "ERROR": "error",
    "CRITICAL": "critical",
}
"""
The levels by the names operators know, and by those of L{twisted.logger}.
"""


def decide(
    *,
    source: Source,
    properties: ImageProperties | None,
    policy: Policy,
    files: tuple[str, ...],
    warnings: tuple[str, ...],
    options: Values,
) -> Settings:
    """
    Make settings of what was read.

    @raise ConfigurationError: something in it cannot be.
    """
    notes: list[str] = []
    serves_api = source.service != "registry"
    api = _api(options, notes) if serves_api else None
    registry_listen = _registry_listen(options, source, notes)
    if api and registry_listen and api.clashes(registry_listen):
        of_path = registry_listen.path is not None
        raise options.wrong(
            "registry_bind_host" if of_path else "registry_bind_port",
            "the API listens there; use another one for the registry",
        )
    database = _database(options)
    return Settings(
        service=source.service,
        identity=decide_identity(options, serves_api, database, notes),
        api=api,
        registry_listen=registry_listen,
        registry=_registry(options),
        registry_secret=options["registry_secret"],
        database=database,
        stores=decide_stores(options) if serves_api else None,
        limits=_limits(options),
        image_properties=properties,
        policy=policy,
        log=_log(options, source),
        http=_http(options),
        upload=Upload(
            hashing_algorithm=options["hashing_algorithm"],
            registry_retry=options["registry_retry"],
            lease_duration=options["lease_duration"],
            reaper_interval=options["reaper_interval"],
            memory=options["upload_memory"] * 2**20,
            fetches=options["concurrent_fetches"],
        ),
        deletion=Deletion(
            delayed=options["delayed_delete"], scrub_time=options["scrub_time"]
        ),
        workers=options["workers"],
        graceful_shutdown_timeout=options["graceful_shutdown_timeout"],
        files=files,
        warnings=warnings,
        notes=tuple(notes),
        source=source,
        values=options.values,
    )


def _api(options: Values, notes: list[str]) -> Endpoint:
    guarded = strategy(options) != "noauth"
    # No upgrade opens what nobody has asked for.
    chosen = is_chosen(options)
    if not options.is_written("bind_host") and not guarded:
        notes.append(
            "The API listens on 127.0.0.1 only: with auth_strategy = noauth everybody "
            "who reaches it may do everything. Set bind_host to change that"
        )
    elif not chosen:
        where = "" if options.is_written("bind_host") else " on 127.0.0.1 only, and"
        notes.append(
            f"The API listens{where} to those who log in, for nobody has chosen an "
            "auth_strategy: set it to local, or to noauth to let everybody in"
        )
    endpoint = _endpoint(options, "", guarded and chosen)
    if guarded or endpoint.is_local:
        return endpoint
    if not options["noauth_anywhere"]:
        raise options.wrong(
            "bind_host",
            "with auth_strategy = noauth whoever reaches it may do everything; use "
            "127.0.0.1, or accept that with noauth_anywhere = true",
        )
    notes.append(
        f"The API listens on {endpoint} with auth_strategy = noauth: whoever reaches "
        "it may do everything"
    )
    return endpoint


def _registry_listen(
    options: Values, source: Source, notes: list[str]
) -> Endpoint | None:
    written = any(
        options.is_written(name)
        for name in ("registry_bind_host", "registry_bind_port")
    )
    if source.service == "api" or (source.service == "all" and not written):
        return None
    guarded = bool(options["registry_secret"])
    if not options.is_written("registry_bind_host") and not guarded:
        notes.append(
            "The registry listens on 127.0.0.1 only, for there is no registry_secret: "
            "whoever is on this machine may do everything with it"
        )
    endpoint = _endpoint(options, "registry_", guarded)
    if not guarded and not endpoint.is_local:
        raise options.wrong(
            "registry_bind_host",
            "without a registry_secret the registry listens to its own machine only; "
            "set that, or use 127.0.0.1",
        )
    return endpoint


def _endpoint(options: Values, of: str, guarded: bool) -> Endpoint:
    """
    @param of: how the names of its options begin.
    """
    host = f"{of}bind_host"
    address = options[host] or ("0.0.0.0" if guarded else "127.0.0.1")
    backlog, tls = options["backlog"], server_tls(options, of)
    if address.startswith("unix:"):
        return Endpoint("", 0, backlog, _socket(options, host), tls)
    if address == "localhost":
        address = "127.0.0.1"
    address = address.removeprefix("[").removesuffix("]")
    try:
        ip_address(address)
    except ValueError:
        raise options.wrong(
            host, "use an IP address such as 127.0.0.1 or ::1, or unix:/path"
        ) from None
    return Endpoint(address, options[f"{of}bind_port"], backlog, tls=tls)


def _socket(options: Values, name: str) -> str:
    path: str = options[name].removeprefix("unix:")
    if not path.startswith("/"):
        raise options.wrong(name, "the path of a socket begins with a slash")
    if len(path.encode()) > 100:
        raise options.wrong(name, "the path of a socket has 100 bytes at most")
    return path


def _registry(options: Values) -> RegistryAddress:
    host = options["registry_host"]
    path = _socket(options, "registry_host") if host.startswith("unix:") else None
    host = host.removeprefix("[").removesuffix("]")
    if path is None and not _is_host(host):
        raise options.wrong(
            "registry_host", "use a host name, an IP address, or unix:/path"
        )
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    return RegistryAddress(
        host="localhost" if path else reachable.get(host, host),
        port=options["registry_port"],
        path=path,
        timeout=options["registry_client_timeout"],
        tls=registry_tls(options),
    )


def _is_host(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return bool(HOST_NAME.fullmatch(text)) and len(text) <= 253
    return True


def _database(options: Values) -> Database:
    url = options["connection"]
    scheme, found, rest = url.partition("://")
    if not found or scheme.partition("+")[0] not in DATABASES:
        raise options.wrong(
            "connection",
            "is not the URL of a database: begin it with sqlite:///, postgresql:// or "
            "mysql://",
        )
    if scheme.startswith("sqlite") and _in_memory(rest):
        raise options.wrong(
            "connection",
            "names no file, and what is kept in memory only is lost: write "
            "sqlite:////PATH",
        )
    file = rest.removeprefix("/")
    relative = scheme.startswith("sqlite") and file and not file.startswith(("/", ":"))
    if relative and not file.startswith("file:"):
        url = f"{scheme}:///{Path(file).absolute()}"
    return Database(
        url=url,
        idle_timeout=options["connection_recycle_time"],
        pool_size=options["max_pool_size"],
    )


def _in_memory(rest: str) -> bool:
    path, _, query = rest.partition("?")
    file = path.removeprefix("/")
    unnamed = file in ("", ":memory:") or file.startswith("file::memory:")
    return unnamed or "mode=memory" in query.split("&")


def _limits(options: Values) -> Limits:
    return Limits(
        image_size_cap=options["image_size_cap"],
        properties=options["image_property_quota"],
        members=options["image_member_quota"],
        tags=options["image_tag_quota"],
        locations=options["image_location_quota"],
        quota=Quota(
            size=options["user_storage_quota"] or -1,
            images=options["image_count_total"],
            uploads=options["image_count_uploading"],
        ),
        disk_formats=tuple(options["disk_formats"]),
        container_formats=tuple(options["container_formats"]),
        require_format_match=options["require_image_format_match"],
        vmdk_types=tuple(options["vmdk_allowed_types"]),
        gpt_faults_pass=options["gpt_safety_checks_nonfatal"],
        page_default=options["limit_param_default"],
        page_max=options["api_limit_max"],
    )


def _log(options: Values, source: Source) -> Log:
    directory, file = options["log_dir"], options["log_file"]
    if directory:
        name = "glance" if source.service == "all" else f"glance-{source.service}"
        file = str(Path(directory, file or f"{name}.log"))
    usual = "info" if options["verbose"] else "warn"
    return Log(
        level="debug" if options["debug"] else usual,
        levels=_levels(options),
        file=str(Path(file).absolute()) if file else None,
        option="log_dir" if directory else "log_file",
        format="json" if options["use_json"] else "text",
    )


def _levels(options: Values) -> dict[str, str]:
    levels = {}
    for pair in options["default_log_levels"]:
        name, _, level = pair.partition("=")
        if not name or level.strip().upper() not in LEVELS:
            raise options.wrong(
                "default_log_levels",
                f"write NAME=LEVEL, with a level of {', '.join(LEVELS)}",
            )
        levels[name.strip()] = LEVELS[level.strip().upper()]
    return levels


def _http(options: Values) -> Http:
    return Http(
        client_socket_timeout=options["client_socket_timeout"] or None,
        client_header_timeout=options["client_header_timeout"] or None,
        max_header_line=options["max_header_line"],
        minimum_upload_rate=options["minimum_upload_rate"],
        minimum_download_rate=options["minimum_download_rate"],
        public_endpoint=_public_endpoint(options),
        proxy_headers=options["enable_proxy_headers_parsing"],
        trusted_proxies=_networks(options),
        cors=cors(options),
    )


def _public_endpoint(options: Values) -> str | None:
    url: str | None = options["public_endpoint"]
    if url is None:
        return None
    if not is_url(url):
        raise options.wrong(
            "public_endpoint", "write a URL such as https://images.example.com"
        )
    return url.rstrip("/")


def _networks(options: Values) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(
            ip_network(network, strict=False) for network in options["trusted_proxies"]
        )
    except ValueError:
        raise options.wrong(
            "trusted_proxies", "write addresses such as 10.0.0.1 or 10.0.0.0/8"
        ) from None
