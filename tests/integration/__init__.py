"""
Tests against real servers.
"""
