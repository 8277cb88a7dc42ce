"""
The kinds of stores that can be configured, a module each.
"""
