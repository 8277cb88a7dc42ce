"""
What the documents tell people to type works, with packages from elsewhere.
"""

from tests.functional.daemons import ROOT
from tests.functional.test_documentation import STARTED, Documents
from tests.integration.provided import need_curl_in_qemu, openstack_client, program


class ForeignClientTests(Documents):
    """
    What is said of the clients of others.
    """

    def test_getting_started(self):
        """
        All commands of the first steps work as they are written, with
        OpenStack's client.
        """
        self.follow(ROOT / "docs" / "getting-started.md", outside=True)

    def test_clients(self):
        """
        The commands of the page about clients work as they are written, and
        print what is shown.
        """
        for name in ("qemu-img", "nbdkit", "nbdcopy", "wget"):
            program(name)
        need_curl_in_qemu()
        installed = f"ln -s {openstack_client().parent} openstack"
        first = (installed, "export HOME=$PWD", *STARTED)
        self.follow(ROOT / "docs" / "clients.md", first=first)
