"""
Tests for L{glance.api}.
"""
