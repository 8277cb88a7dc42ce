"""
Tests for L{glance.cli.progress}.
"""

import io

from twisted.trial.unittest import SynchronousTestCase

from glance.cli.progress import bar


class Terminal(io.StringIO):
    """
    A stream that somebody looks at.
    """

    def isatty(self):
        return True


class BarTests(SynchronousTestCase):
    """
    Tests for L{bar}.
    """

    def test_terminal(self):
        """
        A bar is shown on a terminal, and goes at the end.
        """
        terminal = Terminal()
        with bar("Uploading", 100, False, terminal) as progress:
            progress(50)
        self.assertIn("Uploading", terminal.getvalue())
        self.assertIn("100", terminal.getvalue())

    def test_unseen(self):
        """
        None is shown where nobody looks, or wants to.
        """
        for stream, silent in ((io.StringIO(), False), (Terminal(), True)):
            with bar("Uploading", 100, silent, stream) as progress:
                self.assertIs(progress, None)
            self.assertEqual(stream.getvalue(), "")
