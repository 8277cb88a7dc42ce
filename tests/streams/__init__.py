"""
Tests for L{glance.streams}.
"""
