"""
Certificates of tests: an authority's own, and those of daemons.
"""

import datetime
import ssl
from pathlib import Path

import trustme


class Authority:
    """
    An authority of tests, and a directory for what it makes.
    """

    def __init__(self, directory, name="authority", parent=None):
        self.path = Path(directory).absolute()
        self.path.mkdir(parents=True, exist_ok=True)
        self._authority = trustme.CA() if parent is None else parent.child()
        self.file = self.path / f"{name}.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def child(self):
        """
        Get an authority that this one vouches for.
        """
        return self._authority.create_child_ca()

    def issue(self, *names, stem="server", **how):
        """
        Write a certificate, with those between it and this authority, and its key.

        @return: their paths.
        """
        issued = self._authority.issue_cert(*names, **how)
        cert, key = self.path / f"{stem}.crt", self.path / f"{stem}.key"
        cert.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        return cert, key

    def issue_expired(self, *names, stem="expired"):
        """
        Write one that is good no more.
        """
        day = datetime.timedelta(days=1)
        now = datetime.datetime.now(datetime.UTC)
        return self.issue(
            *names, stem=stem, not_before=now - 2 * day, not_after=now - day
        )

    def trusting(self, cert=None, key=None):
        """
        Get a context of clients that believe this authority.

        @param cert: what they show; L{None} for nothing.
        """
        context = ssl.create_default_context(cafile=str(self.file))
        if cert is not None:
            context.load_cert_chain(cert, key)
        return context
