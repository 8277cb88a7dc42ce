"""
What is said of images in headers.
"""

from twisted.web.http_headers import Headers


def headers(*pairs, **named):
    """
    Make headers.

    @param named: those of an image, without their prefix.
    """
    made = Headers()
    for name, value in pairs:
        made.addRawHeader(name, value)
    for name, value in named.items():
        made.addRawHeader(f"x-image-meta-{name}", value)
    return made
