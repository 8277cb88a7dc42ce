"""
Hosts of their own: network namespaces, joined by a bridge.
"""

import os
import signal
import subprocess
import time
from contextlib import suppress

from tests.functional.daemons import PATIENCE, Running, get


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
        return Host(address, ("ip", "netns", "exec", name), outside)

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

    def __init__(self, address, prefix=(), link=None):
        """
        @param prefix: what a command is run by there.
        @param link: what joins it to the others; L{None} for this very machine.
        """
        self.address = address
        self._prefix = prefix
        self._link = link
        self._running = []

    def start(self, command, log, url, directory, env=None):
        """
        Run a program until it answers.
        """
        process = subprocess.Popen(
            [*self._prefix, *command],
            cwd=directory,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log.open("ab"),
            stderr=subprocess.STDOUT,
        )
        running = Running(process, url, log)
        self._running.append(running)
        running.wait_until_up()
        return running

    def cut_off(self):
        """
        Pull its plug: nobody hears of it any more, not even that it is gone.
        """
        self._set("down", signal.SIGSTOP)

    def plug_in(self):
        """
        Let it be heard again.
        """
        self._set("up", signal.SIGCONT)

    def _set(self, state, number):
        if self._link is not None:
            run("ip", "link", "set", self._link, state)
            return
        for running in self._running:
            running.signal(number)


class Loopback:
    """
    Addresses of this very machine, where there can be no hosts: what is cut off is
    stopped.
    """

    def __init__(self):
        self._network = f"127.77.{os.getpid() % 200 + 20}"
        self.back = f"{self._network}.1"

    def host(self, last):
        """
        Get an address.
        """
        return Host(f"{self._network}.{last}")


def network(test):
    """
    Get a network for a test.
    """
    made = Network()
    test.addCleanup(made.remove)
    try:
        made.start()
    except (OSError, subprocess.CalledProcessError):
        return Loopback()
    return made


def until(f, seconds=PATIENCE, between=0.1):
    """
    Wait until something is so, and get it.

    @param between: the seconds between two looks.
    """
    deadline = time.monotonic() + seconds
    while True:
        with suppress(OSError):
            result = f()
            if result:
                return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{f} is not so after {seconds} seconds")
        time.sleep(between)


def healthy(url):
    """
    Tell whether a service works.
    """
    return get(f"{url}/healthcheck")[0] == 200
