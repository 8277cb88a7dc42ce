"""
How the tables of the registry came to be what they are.
"""
