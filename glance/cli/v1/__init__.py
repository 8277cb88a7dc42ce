"""
The commands of 2011, which speak version 1 of the API.
"""
