"""
Tests for L{glance.api.openapi}.
"""
