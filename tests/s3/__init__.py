"""
Tests of the client of S3.
"""
