"""
How stores are made from their settings, a module for each kind.
"""
