"""
Tests for L{glance.identity.local}.
"""
