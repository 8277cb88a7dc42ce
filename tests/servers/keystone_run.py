"""
Runs Keystone.

Usage: keystone_run.py PORT, with OS_KEYSTONE_CONFIG_FILES in the environment
"""

import sys

import waitress

# It reads its own options there.
port = sys.argv.pop()

from keystone.wsgi.api import application  # noqa: E402

waitress.serve(application, listen=f"127.0.0.1:{port}", threads=4)
