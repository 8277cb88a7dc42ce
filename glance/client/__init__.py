"""
Clients of the service: L{Client} of the image API, L{RegistryClient} of the
registry, and what they raise.
"""

from glance.client.errors import (
    ChecksumMismatch,
    ClientConnectionError,
    DataCut,
    Duplicate,
    Error,
    Forbidden,
    Invalid,
    LimitExceeded,
    MultipleChoices,
    NotAuthenticated,
    NotAuthorized,
    NotFound,
    RedirectException,
    ServerError,
    ServiceUnavailable,
    UnexpectedStatus,
)
from glance.client.registry import RegistryClient
from glance.client.v1 import Client

__all__ = [
    "ChecksumMismatch",
    "Client",
    "ClientConnectionError",
    "DataCut",
    "Duplicate",
    "Error",
    "Forbidden",
    "Invalid",
    "LimitExceeded",
    "MultipleChoices",
    "NotAuthenticated",
    "NotAuthorized",
    "NotFound",
    "RedirectException",
    "RegistryClient",
    "ServerError",
    "ServiceUnavailable",
    "UnexpectedStatus",
]
