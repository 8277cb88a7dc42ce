"""
Stores and serves virtual-machine images, on Twisted.
"""

__version__ = "0.1.0.dev0"
