"""
What may be shown of a text that somebody else has made.
"""

from __future__ import annotations

import re

_NAME = (
    r"(?:[\w-]*[_-])?"
    r"(?:token|secret|password|passwd|signature|credentials?"
    r"|(?:auth|access|secret|store)[_-]key)"
)
"""
What the names of headers, parameters and options that hold a secret end with.
"""

_SECRETS = re.compile(
    r"""(?P<header>\b(?:proxy-)?authorization["']?\s{0,4}[:=,]\s{0,4}\[?b?["']?)"""
    r"""[^"'\n]+|"""
    rf"""(?P<name>(?<![\w-]){_NAME}(?:["']?\s{{0,4}}[=:]|["'],)\s{{0,4}})"""
    r"""(?P<quote>\[?\s{0,4}b?["'])?"""
    r"""(?(quote)[^"']*|[^\s&;'"\#]+)|"""
    r"""(?P<scheme>\bbearer\s{1,4})[\w.~+/=-]{8,}|"""
    r"""(?P<token>gat_|gak_|gAAAAA|AUTH_tk)[\w.=-]{16,}""",
    re.IGNORECASE,
)
"""
What is called a secret; and tokens by how they begin, wherever they are: our own, those
of Keystone and of Swift.
"""

_HINTS = (
    *("token", "secret", "passw", "signature", "credential", "authorization"),
    *("_key", "-key", "bearer"),
    *("gat_", "gak_", "gaaaaa", "auth_tk"),
)
"""What there is one of in whatever L{_SECRETS} finds, if it is ASCII."""

_WORD = re.compile(r"""[^\s'"<>]+""")


def redact(text: str) -> str:
    """
    Take tokens, secrets, and the users and passwords of URLs out of a text.

    The time this takes grows no faster than the text: strangers write it.
    """
    if "://" in text and "@" in text:
        text = _WORD.sub(_without_userinfo, text)
    if text.isascii():
        # Nearly all is without, and to see that so takes a tenth of the time.
        lower = text.lower()
        if not any(hint in lower for hint in _HINTS):
            return text
    return _SECRETS.sub(_without_secret, text)


def _without_userinfo(match: re.Match[str]) -> str:
    # A secret may hold any character, @ and / too: its end is the last @.
    word = match[0]
    begin, end = word.find("://"), word.rfind("@")
    return f"{word[: begin + 3]}***{word[end:]}" if -1 < begin < end else word


def _without_secret(match: re.Match[str]) -> str:
    kept = match["header"] or match["scheme"] or match["token"]
    return f"{kept or match['name'] + (match['quote'] or '')}***"


_CONTROLS = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
}


def escape(text: str) -> str:
    """
    Make one line of a text, that does nothing to a terminal, and is UTF-8.
    """
    line = text.translate(_CONTROLS)
    return line.encode("utf-8", "backslashreplace").decode("utf-8")
