"""
Tests of L{glance.keystone}.
"""
