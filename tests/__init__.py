"""
Tests for L{glance}.
"""
