"""
Tests for L{glance.identity.local.known}.
"""

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import AccountsUnusable
from glance.identity.local.known import FRESH, Known
from tests.identity.local.users import Service


class Later:
    """
    Calls what is to be called in a thread when it is told to.
    """

    def __init__(self):
        self.calls = []

    def __call__(self, f, *arguments):
        """
        Take a call.
        """
        result = Deferred()
        self.calls.append((result, f, arguments))
        return result

    def go(self):
        """
        Do the call that was taken first.
        """
        result, f, arguments = self.calls.pop(0)
        result.callback(f(*arguments))


class KnownTests(SynchronousTestCase):
    """
    L{Known} has what a file says at hand.
    """

    def setUp(self):
        service = Service(self)
        self.clock, self.file, self.known = service.clock, service.file, service.known
        self.later = Later()
        self.slow = Known(self.file, self.later, self.clock)

    def names(self, known=None):
        """
        Get the names of all users.
        """
        accounts = self.successResultOf((known or self.known).get())
        return [user.name for user in accounts.users]

    def test_others(self):
        """
        What another process changes is known after a second.
        """
        self.assertIn("eva", self.names())
        self.file.remove_user("eva")
        self.clock.advance(FRESH)
        self.assertNotIn("eva", self.names())

    def test_set_back(self):
        """
        The file is read again also where the clock is set back meanwhile.
        """
        self.names()
        self.file.remove_user("eva")
        self.clock.advance(-3600)
        self.assertNotIn("eva", self.names())

    def test_seldom(self):
        """
        The file is read once a second, however many ask.
        """
        waiting = [self.slow.get() for _ in range(5)]
        self.assertEqual(len(self.later.calls), 1)
        self.later.go()
        for each in waiting:
            self.successResultOf(each)
        self.clock.advance(FRESH - 0.01)
        self.names(self.slow)
        self.assertEqual(self.later.calls, [])

    def test_newer(self):
        """
        Who needs it newer has it read again.
        """
        waiting = self.slow.get()
        self.later.go()
        self.successResultOf(waiting)
        self.clock.advance(FRESH / 2)
        self.assertNoResult(self.slow.get(FRESH / 2))

    def test_slowly_read(self):
        """
        A second is counted from when the file was begun to be read: what it says may
        change before that is told here.  Who waits for long has it read no more often
        for that.
        """
        first = self.slow.get()
        self.clock.advance(FRESH - 0.01)
        self.later.go()
        self.successResultOf(first)
        self.names(self.slow)
        self.clock.advance(0.01)
        second = self.slow.get()
        self.clock.advance(10 * FRESH)
        self.later.go()
        self.successResultOf(second)
        self.assertEqual(self.later.calls, [])

    def test_set_back_amid_reading(self):
        """
        Who waits while the clock is set back is told what the file says then.
        """
        waiting = self.slow.get()
        self.clock.advance(-3600)
        self.later.go()
        self.later.go()
        self.successResultOf(waiting)
        self.assertEqual(self.later.calls, [])

    def test_own(self):
        """
        What this process changes is known at once.
        """
        self.names()
        self.successResultOf(self.known.change(self.file.remove_user, "eva"))
        self.assertNotIn("eva", self.names())

    def test_change_amid_reading(self):
        """
        Who asks after a change isn't told what was read before it.
        """
        first = self.slow.get()
        changed = self.slow.change(self.file.remove_user, "eva")
        reading, changing = self.later.calls
        reading = (reading[0], lambda *_: self.file_before, ())
        self.file_before = self.file.read()
        self.later.calls[:] = [changing]
        self.later.go()
        self.successResultOf(changed)
        second = self.slow.get()
        self.later.calls.insert(0, reading)
        self.later.go()
        self.assertNoResult(second)
        self.later.go()
        for asked in (first, second):
            names = [user.name for user in self.successResultOf(asked).users]
            self.assertNotIn("eva", names)

    def test_gone(self):
        """
        Where the file can't be read nobody is anybody; users are not told where
        it is, and the log is.
        """
        self.names()
        self.file.path.unlink()
        self.clock.advance(FRESH)
        failure = self.failureResultOf(self.known.get(), AccountsUnusable)
        self.assertNotIn(str(self.file.path), str(failure.value))
        change = self.known.change(self.file.remove_user, "eva")
        failure = self.failureResultOf(change, AccountsUnusable)
        self.assertNotIn(str(self.file.path), str(failure.value))

    def test_back(self):
        """
        Once it can be read again, all is well.
        """
        self.file.path.chmod(0o644)
        self.failureResultOf(self.known.get(), AccountsUnusable)
        self.file.path.chmod(0o600)
        self.assertIn("eva", self.names())

    def test_cancel(self):
        """
        One who goes away stops nothing.
        """
        first, second = self.slow.get(), self.slow.get()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.later.go()
        self.successResultOf(second)
        self.assertEqual(self.later.calls, [])
