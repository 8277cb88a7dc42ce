"""
Tests for L{glance.identity}.
"""
