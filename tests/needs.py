"""
What tests need that isn't there everywhere.
"""

import os

from twisted.trial.unittest import SkipTest


def need(there, what):
    """
    Skip a test for want of something; where all must be there, fail.

    @raise SkipTest: it isn't there; where C{CI} is set in the environment, that is a
        failure.
    """
    if not there:
        if os.environ.get("CI"):
            raise AssertionError(f"{what} is needed here")
        raise SkipTest(f"{what} is needed")
