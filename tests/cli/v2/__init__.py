"""
Tests for L{glance.cli.v2}.
"""
