"""
What operators set.
"""
