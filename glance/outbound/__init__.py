"""
Fetching what URLs name that strangers give us, without being used to reach what they
themselves could not.
"""
