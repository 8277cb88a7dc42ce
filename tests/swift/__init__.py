"""
Tests of the client of Swift.
"""
