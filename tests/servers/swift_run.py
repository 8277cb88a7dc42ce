"""
Runs a server of Swift as its own commands do, with the limits that its directory's
C{swift.conf} has.  Those take them from C{/etc/swift} alone.

Usage: swift_run.py DIRECTORY account|container|object|proxy CONFIGURATION [-v]
"""

import importlib
import sys

from swift.common import constraints, utils

directory, kind = sys.argv[1:3]
utils.set_swift_dir(directory)
constraints.reload_constraints()
package = "obj" if kind == "object" else kind
sys.argv[:3] = [f"swift.{package}.server"]
sys.exit(importlib.import_module(f"swift.{package}.server").main())
