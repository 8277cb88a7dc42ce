"""
How fast the daemons are, and how much memory they take.
"""
