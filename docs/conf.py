"""
How the documentation is built.
"""

from glance import __version__

project = "Glance on Twisted"
copyright = "the Glance on Twisted developers"
version = release = __version__
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
exclude_patterns = ["_build", "examples", "options.md"]
