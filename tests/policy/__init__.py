"""
Tests of L{glance.policy}.
"""
