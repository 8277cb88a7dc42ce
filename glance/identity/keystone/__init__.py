"""
Users of a Keystone.
"""
