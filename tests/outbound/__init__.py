"""
Tests of fetching what URLs name.
"""
