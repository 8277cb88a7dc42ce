"""
Tests of L{glance.identity.keystone}.
"""
