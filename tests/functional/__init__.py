"""
Tests over real sockets.
"""
