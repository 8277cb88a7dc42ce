"""
The options of TLS: what the daemons show, and whom they believe.
"""

from __future__ import annotations

from pathlib import Path

from glance.config.option import FLAG, TEXT, Option
from glance.config.trust import ClientTLS, ServerTLS
from glance.config.values import Values

TLS = (
    Option(
        name="cert_file",
        type=TEXT,
        default=None,
        daemons=("api",),
        reloadable=True,
        help="""
The certificate of the API, and those between it and its authority, in PEM: with
it, the port speaks TLS and nothing else.  The file is read again on SIGHUP.""",
    ),
    Option(
        name="key_file",
        type=TEXT,
        default=None,
        daemons=("api",),
        reloadable=True,
        help="""
The private key of cert_file, in PEM, without a passphrase.  Unless it is said,
it is in cert_file.""",
    ),
    Option(
        name="ca_file",
        type=TEXT,
        default=None,
        daemons=("api",),
        reloadable=True,
        help="""
The authorities, in PEM, one of which each client of the API has to have a
certificate of.  Unless it is said, clients need none.""",
    ),
    Option(
        name="registry_cert_file",
        alone=("cert_file",),
        type=TEXT,
        default=None,
        daemons=("registry",),
        reloadable=True,
        help="The certificate of the registry, as cert_file is that of the API.",
    ),
    Option(
        name="registry_key_file",
        alone=("key_file",),
        type=TEXT,
        default=None,
        daemons=("registry",),
        reloadable=True,
        help="The private key of registry_cert_file, as key_file is that of cert_file.",
    ),
    Option(
        name="registry_ca_file",
        alone=("ca_file",),
        type=TEXT,
        default=None,
        daemons=("registry",),
        reloadable=True,
        help="""
The authorities of those that ask the registry, as ca_file are those of clients of
the API.""",
    ),
    Option(
        name="registry_client_ca_file",
        type=TEXT,
        default=None,
        daemons=("api",),
        help="""
The authorities, in PEM, that the certificate of the registry may be of, with
registry_client_protocol = https.  Unless it is said, they are those that the
system trusts.""",
    ),
    Option(
        name="registry_client_cert_file",
        type=TEXT,
        default=None,
        daemons=("api",),
        help="The certificate, in PEM, that the API shows to the registry.",
    ),
    Option(
        name="registry_client_key_file",
        type=TEXT,
        default=None,
        daemons=("api",),
        help="""
The private key of registry_client_cert_file.  Unless it is said, it is in that
file.""",
    ),
    Option(
        name="registry_client_insecure",
        type=FLAG,
        default=False,
        daemons=("api",),
        help="""
Whether any certificate of the registry will do.  Whoever is on the way between
the two can then read and change all that they say, registry_secret included.""",
    ),
)


def server_tls(options: Values, of: str = "") -> ServerTLS | None:
    """
    Get how a port speaks TLS; L{None} for plain HTTP.

    @param of: how the names of its options begin.

    @raise ConfigurationError: there is no certificate to the rest.
    """
    if options[f"{of}cert_file"] is None:
        for name in (f"{of}key_file", f"{of}ca_file"):
            if options.is_written(name):
                raise options.missing(
                    f"{of}cert_file",
                    f"{name} is there, and does nothing without it; name the file of "
                    "the certificate, or leave both out",
                )
        return None
    cert_file = _path(options, f"{of}cert_file")
    assert cert_file is not None
    return ServerTLS(
        cert_file=cert_file,
        key_file=_path(options, f"{of}key_file") or cert_file,
        ca_file=_path(options, f"{of}ca_file"),
    )


def registry_tls(options: Values) -> ClientTLS | None:
    """
    Get how the registry is asked by TLS; L{None} for plain HTTP.
    """
    if options["registry_client_protocol"] == "http":
        return None
    if options["registry_host"].startswith("unix:"):
        raise options.wrong(
            "registry_client_protocol", "for a UNIX socket it has to be http"
        )
    return ClientTLS(
        ca_file=_path(options, "registry_client_ca_file"),
        cert_file=_path(options, "registry_client_cert_file"),
        key_file=_path(options, "registry_client_key_file"),
        insecure=options["registry_client_insecure"],
    )


def _path(options: Values, name: str) -> str | None:
    path = options[name]
    return None if path is None else str(Path(path).absolute())
