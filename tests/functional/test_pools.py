"""
Tests of L{glance.tap.pools}.
"""

import os
import threading

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from glance.tap.pools import BEHIND, Pools


def nice():
    """
    Tell how much the thread lets others go first.
    """
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


class PoolsTests(TestCase):
    """
    The system is told which threads matter less.
    """

    async def test_behind(self):
        """
        Those that compute for long let the others go first.
        """
        pools = Pools(reactor)
        usual = pools.add("usual", 1)
        behind = pools.add("behind", 1, behind=True)
        pools.start()
        self.addCleanup(pools.stop)
        self.assertEqual(await usual(nice), nice())
        self.assertEqual(await behind(nice), min(19, nice() + BEHIND))
