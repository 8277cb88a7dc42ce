"""
What lists of all versions have in common.
"""

SORT_KEYS = (
    "name",
    "status",
    "container_format",
    "disk_format",
    "size",
    "id",
    "created_at",
    "updated_at",
)
"""What lists can be sorted by, in the order in which it is said."""
