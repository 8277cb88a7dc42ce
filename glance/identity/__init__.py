"""
Who asks.
"""
