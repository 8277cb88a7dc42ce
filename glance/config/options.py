"""
The options that have an effect here.
"""

from __future__ import annotations

from glance.config.backends.kinds import KINDS
from glance.config.certificates import TLS
from glance.config.cors import CROSS_ORIGIN
from glance.config.keeping import LIMITS, REGISTRY, STORES, UPLOADS
from glance.config.keystone import KEYSTONE
from glance.config.option import Option
from glance.config.serving import IDENTITY, LISTENING, LOGGING, POLICIES

GROUPS: dict[str, tuple[Option, ...]] = {
    "Listening": LISTENING,
    "TLS": TLS,
    "CORS": CROSS_ORIGIN,
    "Identity": IDENTITY,
    "Keystone": KEYSTONE,
    "Policies": POLICIES,
    "The registry and its database": REGISTRY,
    "Stores": STORES,
    **{kind.title: kind.options for kind in KINDS.values()},
    "Uploads and deletions": UPLOADS,
    "Limits": LIMITS,
    "Logging": LOGGING,
}
"""
All options, by the headings they have in the sample files.
"""

OPTIONS: dict[str, Option] = {
    option.key: option for group in GROUPS.values() for option in group
}
"""
All options by what they are known by.
"""
