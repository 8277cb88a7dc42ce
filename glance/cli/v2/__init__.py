"""
The commands that speak version 2 of the API.
"""
