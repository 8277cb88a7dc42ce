"""
Identity of this service's own: users, projects and roles in a file.
"""
