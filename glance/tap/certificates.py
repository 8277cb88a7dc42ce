"""
The certificates that ports show, as they are in files.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from attrs import evolve, field, frozen
from twisted.logger import Logger

from glance.config.settings import ConfigurationError, Endpoint, Settings
from glance.config.trust import ServerTLS


class Unusable(Exception):
    """
    What is in a file does not do; the text says why, and what would.
    """

    def __init__(self, what: str, problem: str) -> None:
        """
        @param what: which file: C{cert_file}, C{key_file} or C{ca_file}.
        """
        super().__init__(problem)
        self.what = what


@frozen(kw_only=True)
class Certificate:
    """
    What a port shows, and whom it believes; each in PEM.
    """

    chain: bytes
    """Its certificate, and those between it and an authority."""

    key: bytes = field(repr=False)

    authorities: bytes | None
    """Those of clients; L{None} where they have no certificates."""


def read_certificate(port: str, tls: ServerTLS) -> Certificate:
    """
    Read what a port shows, and see whether it does.

    @param port: the name of the option that says which port it is.

    @raise ConfigurationError: it doesn't.
    """
    # Who has no use for TLS need not wait for its modules.
    from glance.tap.tls import options_of

    paths = {"cert_file": tls.cert_file, "key_file": tls.key_file}
    if tls.ca_file is not None:
        paths["ca_file"] = tls.ca_file
    try:
        read = {what: _read(what, path) for what, path in paths.items()}
        certificate = Certificate(
            chain=read["cert_file"],
            key=read["key_file"],
            authorities=read.get("ca_file"),
        )
        options_of(certificate)
    except Unusable as error:
        option = port.removesuffix("bind_port") + error.what
        raise ConfigurationError(f"{option}: {paths[error.what]} {error}") from None
    return certificate


def _read(what: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Unusable(
            what,
            f"cannot be read ({error.strerror}): mend its name, or let the daemon's "
            "user read it.",
        ) from None


def read_certificates(places: Mapping[str, Endpoint]) -> Mapping[str, Certificate]:
    """
    Read what all ports show that speak TLS.

    @param places: where is listened, by the names of the options that say so.

    @raise ConfigurationError: something in it does not do.
    """
    return {
        port: read_certificate(port, place.tls)
        for port, place in places.items()
        if place.tls is not None
    }


def renewed(
    log: Logger, places: Mapping[str, Endpoint], old: Mapping[str, Certificate]
) -> Mapping[str, Certificate]:
    """
    Read again what ports show.  What doesn't do stays as it was, and the log says so.
    """
    fresh = dict(old)
    for port in old:
        tls = places[port].tls
        assert tls is not None
        try:
            fresh[port] = read_certificate(port, tls)
        except ConfigurationError as error:
            log.error(
                "{error}  Until SIGHUP finds a better one, the certificate stays "
                "what it was.",
                error=error,
            )
    warnings, notes = _said(fresh)
    for line in warnings:
        log.warn("{line}", line=line)
    for line in notes:
        log.info("{line}", line=line)
    return fresh


def telling(settings: Settings, certificates: Mapping[str, Certificate]) -> Settings:
    """
    Get settings that say what there is to be said of certificates, too.
    """
    warnings, notes = _said(certificates)
    return evolve(
        settings,
        warnings=(*settings.warnings, *warnings),
        notes=(*settings.notes, *notes),
    )


def _said(certificates: Mapping[str, Certificate]) -> tuple[list[str], list[str]]:
    """
    @return: warnings, and what else is good to know.
    """
    if not certificates:
        return [], []
    from glance.tap.tls import expiry, is_expired

    warnings, notes = [], []
    for port, certificate in certificates.items():
        option = f"{port.removesuffix('bind_port')}cert_file"
        until = f"{expiry(certificate):%Y-%m-%d %H:%M} UTC"
        if is_expired(certificate):
            warnings.append(
                f"{option}: the certificate has expired on {until}, and clients refuse "
                "it: have another made, and send SIGHUP."
            )
        else:
            notes.append(f"{option}: the certificate is good until {until}.")
    return warnings, notes


def url_of(place: Endpoint) -> str:
    """
    Get the URL that this machine's clients use, with a name that the certificate
    of the port has.
    """
    if place.tls is None or place.path is not None:
        return place.url
    from glance.tap.tls import name_in

    # What starts later may not be allowed to read it.
    with suppress(OSError, Unusable):
        name = name_in(Path(place.tls.cert_file).read_bytes(), place.reached_at)
        return evolve(place, host=name).url
    return place.url
