"""
Tests of the commands.
"""
