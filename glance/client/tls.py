"""
Connections by TLS.
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Any
from weakref import ref

from attrs import frozen
from OpenSSL.crypto import X509, Error
from OpenSSL.SSL import VERIFY_FAIL_IF_NO_PEER_CERT, VERIFY_PEER, Connection
from service_identity.hazmat import (
    DNS_ID,
    IPAddress_ID,
    verify_service_identity,
)
from service_identity.pyopenssl import extract_patterns
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    PrivateCertificate,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from glance.client.agents import TLS
from glance.client.errors import Invalid

_END = "-----END CERTIFICATE-----"


@frozen
class _Own:
    """
    What is shown to servers.
    """

    certificate: PrivateCertificate

    between: list[X509]
    """The certificates between it and an authority."""


@implementer(IOpenSSLClientConnectionCreator)
class _Unverified:
    def __init__(self, hostname: bytes, own: _Own | None) -> None:
        self._hostname = hostname
        if own is None:
            options = CertificateOptions(verify=False)
        else:
            options = CertificateOptions(
                verify=False,
                privateKey=own.certificate.privateKey.original,
                certificate=own.certificate.original,
                extraCertChain=own.between,
            )
        self._context = options.getContext()

    def clientConnectionForTLS(self, protocol: object) -> Connection:  # noqa: N802
        connection = Connection(self._context, None)
        connection.set_tlsext_host_name(self._hostname)
        return connection


@implementer(IOpenSSLClientConnectionCreator)
class _Verified:
    """
    Connects to a server whose certificate is for its name.

    Twisted looks at the name too, but lets pass a certificate that it cannot make
    sense of, such as one that names nobody.
    """

    def __init__(self, hostname: str, creator: Any) -> None:
        self._creator = creator
        self._wanted = _service_of(hostname)

    def clientConnectionForTLS(  # noqa: N802
        self, protocol: TLSMemoryBIOProtocol
    ) -> Connection:
        connection: Connection = self._creator.clientConnectionForTLS(protocol)
        told = ref(protocol)

        def verify(_: Connection, cert: X509, error: int, depth: int, ok: int) -> bool:
            if depth or not ok:
                return bool(ok)
            try:
                verify_service_identity(extract_patterns(cert), [self._wanted], [])
            except Exception:
                asking = told()
                if asking is not None:
                    asking.failVerification(Failure())
                return False
            return True

        connection.set_verify(VERIFY_PEER | VERIFY_FAIL_IF_NO_PEER_CERT, verify)
        return connection


def _service_of(hostname: str) -> DNS_ID | IPAddress_ID:
    try:
        ip_address(hostname)
    except ValueError:
        return DNS_ID(hostname)
    return IPAddress_ID(hostname)


@implementer(IPolicyForHTTPS)
class _Policy:
    def __init__(self, trust: Any, own: _Own | None, insecure: bool) -> None:
        self._trust = trust
        self._own = own
        self._insecure = insecure

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        if self._insecure:
            return _Unverified(hostname, self._own)
        name = hostname.decode("ascii")
        shown: dict[str, Any] = {}
        if self._own is not None:
            shown["clientCertificate"] = self._own.certificate
            shown["extraCertificateOptions"] = {"extraCertChain": self._own.between}
        creator = optionsForClientTLS(name, trustRoot=self._trust, **shown)
        return _Verified(name, creator)


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


def _own(cert_file: str, key_file: str) -> _Own:
    key = _read(key_file)
    if "ENCRYPTED" in key:
        # Or OpenSSL would ask whoever sits at the terminal, and all would wait.
        raise Invalid(
            f"The key in {key_file} is encrypted: write it without a passphrase "
            "(openssl pkey -in FILE -out FILE) where only you can read it."
        )
    pem = f"{key}\n{_read(cert_file)}"
    try:
        own: PrivateCertificate = PrivateCertificate.loadPEM(pem.encode())
    except Error as error:
        raise Invalid(f"{cert_file} and {key_file} don't belong together.") from error
    return _Own(own, [one.original for one in _authorities(cert_file)[1:]])


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} cannot be read: {error}.") from error
