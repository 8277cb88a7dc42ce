"""
Tests for L{glance.config}.
"""
