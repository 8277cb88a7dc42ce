"""
Clients of the service: L{ImageClient} of the image API, L{Client} of its version 1
as it was in 2011, L{RegistryClient} of the registry, and what they raise.
"""

from glance.client.cloud import Cloud
from glance.client.errors import (
    Ambiguous,
    ChecksumMismatch,
    ClientConnectionError,
    DataCut,
    Duplicate,
    Error,
    Forbidden,
    Gone,
    Invalid,
    LimitExceeded,
    MultipleChoices,
    NoData,
    NotAuthenticated,
    NotAuthorized,
    NotFound,
    RedirectException,
    ServerError,
    ServiceUnavailable,
    UnexpectedStatus,
    UnsupportedMediaType,
)
from glance.client.registry import RegistryClient
from glance.client.v1 import Client
from glance.client.v2 import ImageClient, exactly

__all__ = [
    "Ambiguous",
    "ChecksumMismatch",
    "Client",
    "ClientConnectionError",
    "Cloud",
    "DataCut",
    "Duplicate",
    "Error",
    "Forbidden",
    "Gone",
    "ImageClient",
    "Invalid",
    "LimitExceeded",
    "MultipleChoices",
    "NoData",
    "NotAuthenticated",
    "NotAuthorized",
    "NotFound",
    "RedirectException",
    "RegistryClient",
    "ServerError",
    "ServiceUnavailable",
    "UnexpectedStatus",
    "UnsupportedMediaType",
    "exactly",
]
