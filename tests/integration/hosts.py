"""
Hosts of their own: network namespaces, joined by a bridge.
"""

import os
import subprocess
import time
from contextlib import suppress

from tests.functional.daemons import PATIENCE, Running, get
from tests.integration.servers import needed


def run(*command, check=True):
    """
    Run a command to its end, and get what it prints.
    """
    done = subprocess.run(command, check=check, text=True, capture_output=True)
    return done.stdout


class Network:
    """
    Hosts, all of which reach each other and this one.
    """

    def __init__(self):
        # One after the other, as the numbers of processes are.
        self.number = os.getpid() % 200 + 20
        self.bridge = f"glance{self.number}"
        self.back = f"10.213.{self.number}.1"
        """The address of this host."""
        self._names = []
        self._links = []

    def start(self):
        """
        Make the bridge.

        @raise CalledProcessError: this user may not.
        """
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("ip", "address", "add", f"{self.back}/24", "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")

    def host(self, last):
        """
        Make a host.

        @param last: the last number of its address.
        """
        name = f"{self.bridge}-{last}"
        outside, inside = f"gl{self.number}o{last}", f"gl{self.number}i{last}"
        run("ip", "netns", "add", name)
        self._names.append(name)
        run("ip", "link", "add", outside, "type", "veth", "peer", inside)
        self._links.append(outside)
        run("ip", "link", "set", inside, "netns", name)
        run("ip", "link", "set", outside, "master", self.bridge, "up")
        address = f"10.213.{self.number}.{last}"
        within = ("ip", "-n", name)
        run(*within, "address", "add", f"{address}/24", "dev", inside)
        run(*within, "link", "set", inside, "up")
        run(*within, "link", "set", "lo", "up")
        return Host(name, address, outside)

    def remove(self):
        """
        Remove all.
        """
        for name in self._names:
            run("ip", "netns", "delete", name, check=False)
        # A namespace with a process in it would keep them.
        for link in (*self._links, self.bridge):
            run("ip", "link", "delete", link, check=False)


class Host:
    """
    A host.
    """

    def __init__(self, name, address, link):
        self.address = address
        self._name = name
        self._link = link

    def start(self, command, log, url, directory, env=None):
        """
        Run a program until it answers.
        """
        process = subprocess.Popen(
            ["ip", "netns", "exec", self._name, *command],
            cwd=directory,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log.open("ab"),
            stderr=subprocess.STDOUT,
        )
        running = Running(process, url, log)
        running.wait_until_up()
        return running

    def cut_off(self):
        """
        Pull its plug: nobody hears of it any more, not even that it is gone.
        """
        run("ip", "link", "set", self._link, "down")

    def plug_in(self):
        """
        Let it be heard again.
        """
        run("ip", "link", "set", self._link, "up")


def network(test):
    """
    Get a network for a test.

    @raise SkipTest: there can be none here; where C{CI} is set in the
        environment, that is a failure.
    """
    made = Network()
    test.addCleanup(made.remove)
    needed("a network namespace", made.start)
    return made


def until(f, seconds=PATIENCE):
    """
    Wait until something is so, and get it.
    """
    deadline = time.monotonic() + seconds
    while True:
        with suppress(OSError):
            result = f()
            if result:
                return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{f} is not so after {seconds} seconds")
        time.sleep(0.1)


def healthy(url):
    """
    Tell whether a service works.
    """
    return get(f"{url}/healthcheck")[0] == 200
