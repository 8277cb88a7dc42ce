"""
Nobody but us may see another end of a request than we do.
"""

from tests.streams.framing import ACCEPTED, BROKEN, LAST, REFUSED
from tests.streams.talk import NEXT, TalkTestCase


class FramingTests(TalkTestCase):
    """
    Each request is taken as RFC 9112 says, however it is cut.
    """

    def check(self, cases, outcome):
        """
        Say each of some things, whole and byte by byte.

        @param outcome: gets the answers and the bodies expected, and whether the
            connection is to be kept, of the data that is in it.
        """
        for name, case in cases.items():
            wire, data = case if isinstance(case, tuple) else (case, None)
            answers, bodies, kept = outcome(data)
            for cuts in ((), None):
                talked = self.talk(wire + NEXT, cuts)
                how = f"{name}, {'in one piece' if cuts == () else 'in many'}"
                statuses = [status for status, _ in answers]
                self.assertEqual([s for s, _ in talked.answers], statuses, how)
                if kept or talked.asked:
                    self.assertEqual(talked.answers, answers, how)
                self.assertEqual([what for *_, what in talked.asked], bodies, how)
                self.assertEqual(talked.kept, kept, how)
                self.assertEqual(self.flushLoggedErrors(), [], how)

    def test_refused(self):
        """
        What is no request is refused, and the connection closed.
        """
        for status, cases in REFUSED.items():
            self.check(cases, lambda _, s=status: ([(s, b"")], [], False))

    def test_broken(self):
        """
        So is what has broken chunks, as soon as that is seen.
        """
        self.check(BROKEN, lambda _: ([(400, b"")], ["BodyMalformed"], False))

    def test_accepted(self):
        """
        What is well-formed is answered, and so is what follows it.
        """
        self.check(
            ACCEPTED, lambda data: ([(200, data), (200, b"")], [data, b""], True)
        )

    def test_last(self):
        """
        What is to be the last is answered, and nothing that follows it.
        """
        self.check(LAST, lambda data: ([(200, data)], [data], False))
