"""
The daemons, put together.
"""
