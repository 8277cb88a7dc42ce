"""
What a server says of why it refuses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape

_HEAD = re.compile(r"(?is)<head\b.*?</head>")
_TAG = re.compile(r"(?s)<[^>]*>")


def reason_in(said: bytes, status: str) -> str:
    """
    Find the reason in the body of an answer: in JSON, HTML or plain text.

    @param status: the number and phrase of the answer, which is no reason.

    @return: it, or C{""} if there is none.
    """
    text = said.decode("utf-8", "replace").strip()
    try:
        document = json.loads(text)
    except ValueError:
        return _plain(text, status)
    # Ours is flat; other services of OpenStack put it into an envelope.
    for error in (document, _field(document, "error")):
        message = _field(error, "message")
        if isinstance(message, str):
            return re.sub(r"(\s*<br ?/>)+\s*\Z", "", message)
    return text


def _plain(text: str, status: str) -> str:
    if re.match(r"(?i)<(!doctype )?html", text):
        text = unescape(_TAG.sub(" ", _HEAD.sub(" ", text)))
        text = " ".join(text.split())
    # OpenStack's Glance says the status above the reason.
    return text.removeprefix(status).strip() or text


def _field(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None
