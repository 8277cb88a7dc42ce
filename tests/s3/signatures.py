"""
Signatures, made by somebody else.
"""

from __future__ import annotations

import re

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/s3/"
    r"aws4_request, SignedHeaders=(?P<names>[^,]+), Signature=(?P<signature>\w{64})"
)


def signature(method, url, params, headers, secret, region):
    """
    Get the signature that botocore gives a request.

    @param params: the query, if C{url} has none.
    @param headers: all that are signed, with C{x-amz-date} and
        C{x-amz-content-sha256} among them.
    """
    request = AWSRequest(method=method, url=url, headers=headers, params=params)
    request.context["timestamp"] = request.headers["x-amz-date"]
    auth = S3SigV4Auth(Credentials("unused", secret), "s3", region)
    canonical = auth.canonical_request(request)
    return auth.signature(auth.string_to_sign(request, canonical), request)
