"""
The description of the API for programs, in OpenAPI 3.1.
"""
