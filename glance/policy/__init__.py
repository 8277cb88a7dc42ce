"""
What callers may do, as operators say it.
"""
