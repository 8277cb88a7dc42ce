"""
As much of the identity API, version 3, as clients of images ask for.
"""
