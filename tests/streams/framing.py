"""
Requests on whose end, or whose meaning, two programs could disagree.

What a proxy before us takes for data must not be a request to us, nor the other
way round: so what RFC 9112 calls malformed is refused, and the connection closed.
"""

from tests.streams.talk import HOST

DATA = b"abcde"

CHUNKED = b"5\r\nabcde\r\n0\r\n\r\n"

TE = b"Transfer-Encoding: chunked"


def ask(*fields, start=b"PUT /hashed HTTP/1.1", host=HOST, data=b""):
    """
    Get a request.
    """
    return b"\r\n".join([start + b"\r\n" + host + b"\r\n".join([*fields, b""]), data])


def get(*fields, start=b"GET /hashed HTTP/1.1", host=HOST):
    """
    Get a request without data.
    """
    return ask(*fields, start=start, host=host)


def length(value, *more):
    """
    Get a request whose length is said in some way.
    """
    return ask(b"Content-Length: " + value, *more, data=DATA)


def coded(value, *more):
    """
    Get a request whose coding is said in some way.
    """
    return ask(b"Transfer-Encoding: " + value, *more, data=CHUNKED)


def chunks(data):
    """
    Get a request with this in the place of chunks.
    """
    return ask(TE, data=data)


REFUSED = {
    "length with a sign": length(b"+5"),
    "length with a minus": length(b"-5"),
    "length in hexadecimal": length(b"0x5"),
    "length with an underscore": length(b"0_5"),
    "length with a point": length(b"5.0"),
    "length in a list": length(b"5, 5"),
    "length without a value": length(b""),
    "length of other digits": length(b"\xd9\xa5"),
    "length within which a line goes on": length(b"5\r\n 0"),
    "length of too many digits": length(b"9" * 5000),
    "length after a vertical tab": length(b"\x0b5"),
    "same length twice": length(b"5", b"Content-Length: 5"),
    "two lengths": length(b"5", b"Content-Length: 6"),
    "no length and one": length(b"0", b"Content-Length: 5"),
    "a length and none": length(b"5", b"Content-Length: 0"),
    "length and chunks": length(b"5", TE),
    "chunks and length": coded(b"chunked", b"Content-Length: 5"),
    "chunks and no length": coded(b"chunked", b"Content-Length: 0"),
    "length and identity": length(b"5", b"Transfer-Encoding: identity"),
    "chunked twice": coded(b"chunked, chunked"),
    "chunked in two lines": coded(b"chunked", TE),
    "identity, chunked": coded(b"identity, chunked"),
    "identity and chunked": coded(b"identity", TE),
    "chunked and identity": coded(b"chunked", b"Transfer-Encoding: identity"),
    "gzip, chunked": coded(b"gzip, chunked"),
    "chunked, gzip": coded(b"chunked, gzip"),
    "xchunked": coded(b"xchunked"),
    "chunked in quotes": coded(b'"chunked"'),
    "chunked with a parameter": coded(b"chunked;a=b"),
    "chunked with a comma": coded(b"chunked,"),
    "chunked after a vertical tab": coded(b"\x0bchunked"),
    "chunked after a non-breaking space": coded(b"\xa0chunked"),
    "no coding": coded(b""),
    "identity alone": coded(b"identity"),
    "chunked in HTTP/1.0": ask(TE, start=b"PUT /hashed HTTP/1.0", data=CHUNKED),
    "space before a colon": ask(b"Content-Length : 5", data=DATA),
    "tab before a colon": ask(b"Transfer-Encoding\t: chunked", data=CHUNKED),
    "space before the first header": ask(b" Content-Length: 5", host=b"", data=DATA),
    "header without a colon": get(b"Content-Length 5"),
    "header without a name": get(b": 5"),
    "CR in a name": get(b"Content-Length\r: 5"),
    "NUL in a name": get(b"Content-Length\0: 5"),
    "NUL in a value": get(b"X: a\0b"),
    "CR in a value": ask(b"X: y\rContent-Length: 5", data=DATA),
    "LF in a value": ask(b"X: y\nContent-Length: 5", data=DATA),
    "LF at the end of lines": b"GET /hashed HTTP/1.1\nHost: glance\n\n",
    "LF at the end of a header": b"GET /hashed HTTP/1.1\r\nHost: glance\n\r\n",
    "CR alone in the blank line": b"GET /hashed HTTP/1.1\r\nHost: glance\r\n\r\r\n",
    "many headers": get(*[b"X: y"] * 501),
    "long headers": get(*[b"X: " + b"y" * 9000] * 15),
    "long header": get(b"X: " + b"y" * 17000),
    "long target": get(start=b"GET /%b HTTP/1.1" % (b"a" * 17000)),
    "two hosts": get(b"Host: other"),
    "same host twice": get(HOST[:-2]),
    "two hosts and a URL": get(b"Host: b", start=b"GET http://c/hashed HTTP/1.1"),
    "two hosts in HTTP/1.0": get(b"Host: b", start=b"GET /hashed HTTP/1.0"),
    "HTTP/0.9": b"GET /hashed\r\n\r\n",
    "HTTP/1.2": get(start=b"GET /hashed HTTP/1.2"),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "version in small letters": get(start=b"GET /hashed http/1.1"),
    "no version": get(start=b"GET /hashed "),
    "tabs in the first line": get(start=b"GET\t/hashed\tHTTP/1.1"),
    "two spaces in the first line": get(start=b"GET  /hashed HTTP/1.1"),
    "space before the first line": get(start=b" GET /hashed HTTP/1.1"),
    "space after the first line": get(start=b"GET /hashed HTTP/1.1 "),
    "space in the target": get(start=b"GET /hashed HTTP/1.1 HTTP/1.1"),
    "NUL in the target": get(start=b"GET /hashed\0 HTTP/1.1"),
    "LF in the target": get(start=b"GET /hashed\nX:y HTTP/1.1"),
    "colon in the method": get(start=b"GET: /hashed HTTP/1.1"),
    "two blank lines before": b"\r\n\r\n" + get(),
    "TLS": b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n",
}
"""What is no request: nothing is asked, and what follows is ignored."""

BROKEN = {
    "no size": chunks(b"\r\nabcde\r\n0\r\n\r\n"),
    "size that is no number": chunks(b"x\r\nabcde\r\n0\r\n\r\n"),
    "size with a sign": chunks(b"+5\r\nabcde\r\n0\r\n\r\n"),
    "size with a minus": chunks(b"-5\r\nabcde\r\n0\r\n\r\n"),
    "size with a prefix": chunks(b"0x5\r\nabcde\r\n0\r\n\r\n"),
    "size with an underscore": chunks(b"0_5\r\nabcde\r\n0\r\n\r\n"),
    "size after a space": chunks(b" 5\r\nabcde\r\n0\r\n\r\n"),
    "size and another": chunks(b"5 5\r\nabcde\r\n0\r\n\r\n"),
    "huge size": chunks(b"f" * 17 + b"\r\nabcde\r\n0\r\n\r\n"),
    "size with many zeros": chunks(b"0" * 20 + b"5\r\nabcde\r\n0\r\n\r\n"),
    "size before LF": chunks(b"5\nabcde\r\n0\r\n\r\n"),
    "size before CR": chunks(b"5\rabcde\r\n0\r\n\r\n"),
    "extension with LF": chunks(b"5;a\nb\r\nabcde\r\n0\r\n\r\n"),
    "extension with CR": chunks(b"5;a\rb\r\nabcde\r\n0\r\n\r\n"),
    "extension with NUL": chunks(b"5;a\0\r\nabcde\r\n0\r\n\r\n"),
    "extension that is long": chunks(b"5;%b\r\nabcde\r\n0\r\n\r\n" % (b"a" * 2000)),
    "chunk that is too long": chunks(b"5\r\nabcdef\r\n0\r\n\r\n"),
    "chunk that is too short": chunks(b"5\r\nabcd\r\n0\r\n\r\n"),
    "chunk before LF": chunks(b"5\r\nabcde\n0\r\n\r\n"),
    "chunk before CR": chunks(b"5\r\nabcde\r0\r\n\r\n"),
    "last chunk before LF": chunks(b"5\r\nabcde\r\n0\n\r\n"),
    "trailer with LF": chunks(b"0\r\nA: b\nC: d\r\n\r\n"),
    "trailer with CR": chunks(b"0\r\nA: b\rC: d\r\n\r\n"),
    "trailer that is long": chunks(b"0\r\n" + b"A: b\r\n" * 11_000),
}
"""What has broken chunks: it is asked, and fails."""

ACCEPTED = {
    "length": (length(b"5"), DATA),
    "length with zeros before": (length(b"005"), DATA),
    "length amid blanks": (length(b" \t5 \t"), DATA),
    "length in capitals": (ask(b"CONTENT-LENGTH:5", data=DATA), DATA),
    "chunks": (coded(b"chunked"), DATA),
    "chunked in capitals": (coded(b"CHUNKED"), DATA),
    "chunked amid blanks": (coded(b"\t chunked \t"), DATA),
    "chunked on the next line": (coded(b"\r\n chunked"), DATA),
    "size in capitals": (chunks(b"A\r\n0123456789\r\n0\r\n\r\n"), b"0123456789"),
    "size with zeros before": (chunks(b"0005\r\nabcde\r\n000\r\n\r\n"), DATA),
    "size before a blank": (chunks(b"5 \t\r\nabcde\r\n0\r\n\r\n"), DATA),
    "extension": (chunks(b'5;a="b; c"\r\nabcde\r\n0;d\r\n\r\n'), DATA),
    "trailer": (chunks(b"5\r\nabcde\r\n0\r\nContent-Length: 9\r\n\r\n"), DATA),
    "data in a GET": (
        ask(b"Content-Length: 5", start=b"GET /hashed HTTP/1.1", data=DATA),
        DATA,
    ),
    "header that goes on": (get(b"X: y", b" Content-Length: 5"), b""),
    "header of blanks": (get(b"X:", b" \t"), b""),
    "blank line before": (b"\r\n" + get(), b""),
    "URL as the target": (get(start=b"GET http://other/hashed HTTP/1.1"), b""),
    "empty host": (get(host=b"Host:\r\n"), b""),
    "another coding's name": (get(b"TE: trailers", b"Transfer_Encoding: gzip"), b""),
    "unknown expectation": (length(b"5", b"Expect: 200-ok"), DATA),
    "expectation that is no text": (length(b"5", b"Expect: \xff"), DATA),
    "request to go on": (length(b"5", b"Expect: 100-continue"), DATA),
    "wish for another protocol": (get(b"Connection: upgrade", b"Upgrade: h2c"), b""),
}
"""What is to be understood, with its data; what follows is answered too."""

LAST = {
    "close": (get(b"Connection: close"), b""),
    "close in capitals": (get(b"Connection: CLOSE"), b""),
    "close in a list": (get(b"Connection: close,te"), b""),
    "close at the end of a list": (get(b"Connection: te ,\tclose"), b""),
    "close on a second line": (get(b"Connection: te", b"Connection: close"), b""),
    "HTTP/1.0": (get(start=b"GET /hashed HTTP/1.0", host=b""), b""),
    "data in HTTP/1.0": (
        ask(b"Content-Length: 5", start=b"PUT /hashed HTTP/1.0", data=DATA),
        DATA,
    ),
}
"""What is to be understood, but ends the connection."""
