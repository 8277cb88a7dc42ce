"""
The rules that hold where operators say nothing: those of Glance since 2023, but that
a caller is looked for in C{owner}, which is a project or a user as the daemon is told.
"""

from __future__ import annotations

from collections.abc import Mapping

ADMIN = "context_is_admin"
"""The rule that says who is an administrator."""

_OWN = "owner:%(owner)s"
_ADMIN_OR_MEMBER = f"rule:{ADMIN} or (role:member and {_OWN})"
_READER_OR_RECIPIENT = (
    f"rule:{ADMIN} or (role:reader and ({_OWN} or project_id:%(member_id)s))"
)
_ADMIN_OR_SERVICE = f"rule:{ADMIN} or role:service"
_ONLY_ADMIN = f"rule:{ADMIN}"

_WITHIN_SIGHT = (
    f"({_OWN} or project_id:%(member_id)s or None:%(owner)s "
    "or 'public':%(visibility)s or 'community':%(visibility)s)"
)
_PUBLIC = "(role:anonymous and 'public':%(visibility)s)"

DEFAULTS: Mapping[str, str] = {
    ADMIN: "role:admin",
    "add_image": _ADMIN_OR_MEMBER,
    "get_images": f"rule:{ADMIN} or role:reader or role:anonymous",
    "get_image": f"rule:{ADMIN} or (role:reader and {_WITHIN_SIGHT}) or {_PUBLIC}",
    "modify_image": _ADMIN_OR_MEMBER,
    "delete_image": _ADMIN_OR_MEMBER,
    "upload_image": _ADMIN_OR_MEMBER,
    "download_image": f"rule:{ADMIN} or (role:member and {_WITHIN_SIGHT}) or {_PUBLIC}",
    "publicize_image": _ONLY_ADMIN,
    "communitize_image": _ADMIN_OR_MEMBER,
    "deactivate": _ADMIN_OR_MEMBER,
    "reactivate": _ADMIN_OR_MEMBER,
    "add_member": _ADMIN_OR_MEMBER,
    "delete_member": _ADMIN_OR_MEMBER,
    "get_member": _READER_OR_RECIPIENT,
    "get_members": _READER_OR_RECIPIENT,
    "modify_member": f"rule:{ADMIN} or (role:member and project_id:%(member_id)s)",
    "delete_image_location": _ONLY_ADMIN,
    "stores_info_detail": _ADMIN_OR_SERVICE,
}
"""
What is asked of policies, by the names that operators know.
"""

OWNERS = frozenset(
    {
        "modify_image",
        "delete_image",
        "upload_image",
        "deactivate",
        "reactivate",
        "add_member",
        "delete_member",
        "modify_member",
        "delete_image_location",
    }
)
"""
What older Glances let nobody do but the owner of an image, even where a rule said
nothing.
"""

_IDLE = """
add_image_location add_task cache_delete cache_image cache_list copy_image default
download_from_store fetch_image_location get_image_location get_task get_tasks
list_cached_nodes manage_image_cache modify_task set_image_location
tasks_api_access
"""


def is_idle(name: str) -> bool:
    """
    Tell whether Glance asks for a rule of that name, and this service doesn't.
    """
    return name in _IDLE.split() or "metadef" in name
