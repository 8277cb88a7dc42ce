"""
Tests of the clients.
"""
