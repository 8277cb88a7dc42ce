"""
Tests for L{glance.api.keystone}.
"""
