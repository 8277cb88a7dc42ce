"""
Tests for L{glance.stores}.
"""
