"""
Tests of L{glance.registry}.
"""
