"""
Who may do what, each persona with each operation, against tables written by hand.
"""
