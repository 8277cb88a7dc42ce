"""
Tests for how long servers may take to settle uploads.
"""

from twisted.trial.unittest import SynchronousTestCase

from glance.client.sending import settling


class SettlingTests(SynchronousTestCase):
    """
    Tests for L{settling}.
    """

    def test_settling(self):
        """
        A server has ten minutes to settle an upload, unless it is given more,
        or less than others.
        """
        for timeout, seconds in (
            (None, None),
            (5, 5),
            (59.9, 59.9),
            (60, 600),
            (601, 601),
        ):
            self.assertEqual(settling(timeout), seconds)
