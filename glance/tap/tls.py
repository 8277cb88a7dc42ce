"""
Ports that speak TLS.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.ssl import (
    AcceptableCiphers,
    CertificateOptions,
    TLSVersion,
    trustRootFromCertificates,
)
from twisted.internet.ssl import (
    Certificate as Authority,
)
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from glance.tap.certificates import Certificate, Unusable

CIPHERS = ":".join(
    f"ECDHE-{proof}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for proof in ("ECDSA", "RSA")
)
"""
What TLS 1.2 may be spoken with: what keeps it secret for good, and that nobody
changes it.  All that there is for TLS 1.3 does.
"""


def options_of(certificate: Certificate) -> CertificateOptions:
    """
    Get how a port speaks TLS.

    @raise Unusable: it cannot, with that certificate.
    """
    chain = _certificates("cert_file", certificate.chain)
    key = _key(certificate.key)
    if chain[0].public_key() != key.public_key():
        if any(one.public_key() == key.public_key() for one in chain[1:]):
            raise Unusable(
                "cert_file",
                "begins with another certificate than the daemon's own: put that "
                "first, and those between it and its authority after it.",
            )
        raise Unusable(
            "key_file",
            "is not the key of the certificate in cert_file: name the two that were "
            "made together.",
        )
    try:
        options = CertificateOptions(
            privateKey=crypto.PKey.from_cryptography_key(key),
            certificate=crypto.X509.from_cryptography(chain[0]),
            extraCertChain=[crypto.X509.from_cryptography(one) for one in chain[1:]],
            trustRoot=_authorities(certificate.authorities),
            acceptableCiphers=AcceptableCiphers.fromOpenSSLCipherString(CIPHERS),
            raiseMinimumTo=TLSVersion.TLSv1_2,
        )
        context: SSL.Context = options.getContext()
    except (SSL.Error, TypeError, ValueError):
        raise Unusable(
            "cert_file",
            "holds a certificate that OpenSSL does not take, perhaps because its key "
            "or signature is weak: have another made, with a key of at least 2048 "
            "bits (RSA) or 256 (EC).",
        ) from None
    context.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
    return options


def _certificates(what: str, pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise Unusable(
            what, "holds no certificate that can be read: it has to be PEM."
        ) from None


def _key(pem: bytes) -> Any:
    try:
        return load_pem_private_key(pem, None)
    except TypeError:
        raise Unusable(
            "key_file",
            "is encrypted, and nobody is there to tell its passphrase: write it "
            "without one (openssl pkey -in FILE -out FILE) where only the daemon's "
            "user can read it.",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise Unusable(
            "key_file", "holds no private key that can be read: it has to be PEM."
        ) from None


def _authorities(pem: bytes | None) -> Any:
    if pem is None:
        return None
    return trustRootFromCertificates(
        [
            Authority(crypto.X509.from_cryptography(one))
            for one in _certificates("ca_file", pem)
        ]
    )


def expiry(certificate: Certificate) -> datetime:
    """
    Tell until when a certificate is good.
    """
    return _certificates("cert_file", certificate.chain)[0].not_valid_after_utc


def is_expired(certificate: Certificate) -> bool:
    """
    Tell whether clients take a certificate for one that is no longer good.
    """
    return expiry(certificate) <= datetime.now(UTC)


def name_in(chain: bytes, address: str) -> str:
    """
    Get a name that clients can know a port by.

    @param chain: the certificate of the port, in PEM.
    @param address: the address that they connect to.

    @return: the address, if the certificate is for that; otherwise the first name
        that it is for, or the address if it is for none.

    @raise Unusable: there is no certificate.
    """
    own = _certificates("cert_file", chain)[0]
    try:
        names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return address
    known = [str(one) for one in names.value.get_values_for_type(x509.IPAddress)]
    if address in known:
        return address
    for name in names.value.get_values_for_type(x509.DNSName):
        if not name.startswith("*"):
            return name
    return address


@implementer(IOpenSSLServerConnectionCreator)
class Shown:
    """
    What a port shows to new connections; it can be changed while others go on.
    """

    def __init__(self, certificate: Certificate) -> None:
        self.show(certificate)

    def show(self, certificate: Certificate) -> None:
        """
        Show it from now on.

        @raise Unusable: it cannot be.
        """
        self._options = options_of(certificate)

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:  # noqa: N802
        return SSL.Connection(self._options.getContext(), None)


def over_tls(shown: Shown, factory: Any) -> Any:
    """
    Get what has a factory's protocols speak TLS.
    """
    secure: Any = TLSMemoryBIOFactory(shown, False, factory)
    secure.noisy = False
    return secure
