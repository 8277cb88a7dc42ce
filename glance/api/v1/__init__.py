"""
The image API, version 1, and the un-versioned one that came before.
"""
