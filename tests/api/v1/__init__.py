"""
Tests of L{glance.api.v1}.
"""
