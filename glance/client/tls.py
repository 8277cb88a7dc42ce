"""
Connections by TLS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from OpenSSL.crypto import Error
from OpenSSL.SSL import Connection
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    PrivateCertificate,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from glance.client.agents import TLS
from glance.client.errors import Invalid

_END = "-----END CERTIFICATE-----"


@implementer(IOpenSSLClientConnectionCreator)
class _Unverified:
    def __init__(self, hostname: bytes, own: PrivateCertificate | None) -> None:
        self._hostname = hostname
        if own is None:
            options = CertificateOptions(verify=False)
        else:
            options = CertificateOptions(
                verify=False,
                privateKey=own.privateKey.original,
                certificate=own.original,
            )
        self._context = options.getContext()

    def clientConnectionForTLS(self, protocol: object) -> Connection:  # noqa: N802
        connection = Connection(self._context, None)
        connection.set_tlsext_host_name(self._hostname)
        return connection


@implementer(IPolicyForHTTPS)
class _Policy:
    def __init__(
        self, trust: Any, own: PrivateCertificate | None, insecure: bool
    ) -> None:
        self._trust = trust
        self._own = own
        self._insecure = insecure

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        if self._insecure:
            return _Unverified(hostname, self._own)
        return optionsForClientTLS(
            hostname.decode("ascii"),
            trustRoot=self._trust,
            clientCertificate=self._own,
        )


def policy_of(tls: TLS) -> IPolicyForHTTPS:
    """
    Get what connects by TLS as told.

    @raise Invalid: a file cannot be read, or holds something else.
    """
    trust: Any = platformTrust()
    if tls.ca_file is not None:
        trust = trustRootFromCertificates(_authorities(tls.ca_file))
    own = None
    if tls.cert_file is not None:
        own = _own(tls.cert_file, tls.key_file or tls.cert_file)
    return _Policy(trust, own, tls.insecure)


def _authorities(path: str) -> list[Certificate]:
    pieces = _read(path).split(_END)[:-1]
    if not pieces:
        raise Invalid(f"There is no certificate in {path}.")
    try:
        return [Certificate.loadPEM((piece + _END).encode()) for piece in pieces]
    except Error as error:
        raise Invalid(f"The certificates in {path} cannot be read.") from error


def _own(cert_file: str, key_file: str) -> PrivateCertificate:
    pem = f"{_read(key_file)}\n{_read(cert_file)}"
    try:
        own: PrivateCertificate = PrivateCertificate.loadPEM(pem.encode())
    except Error as error:
        raise Invalid(f"{cert_file} and {key_file} don't belong together.") from error
    return own


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} cannot be read: {error}.") from error
