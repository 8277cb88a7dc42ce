"""
Tests for L{glance.api.v2}.
"""
