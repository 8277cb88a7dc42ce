"""
Requests on whose end, or whose meaning, two programs could disagree.

What a proxy before us takes for data must not be a request to us, nor the other
way round: so what RFC 9112 calls malformed is refused, and the connection closed.
"""

from tests.streams.talk import HOST

DATA = b"abcde"

CHUNKED = b"5\r\nabcde\r\n0\r\n\r\n"

TE = b"Transfer-Encoding: chunked"

NEXT_IN_CHUNKS = b"GET /pong HTTP/1.1\r\n" + HOST + b"\r\n"
"""A request that a careless reader finds amid the chunks of another."""


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
    400: {
        "length with a sign": length(b"+5"),
        "length with a minus": length(b"-5"),
        "length in hexadecimal": length(b"0x5"),
        "length with an underscore": length(b"0_5"),
        "length with a point": length(b"5.0"),
        "length in a list": length(b"5, 5"),
        "length in a list without blanks": length(b"5,5"),
        "length with zeros before": length(b"005"),
        "length without a value": length(b""),
        "length of other digits": length(b"\xd9\xa5"),
        "length within which a line goes on": length(b"5\r\n 0"),
        "length of too many digits": length(b"9" * 5000),
        "length of 20 digits": length(b"18446744073709551621"),
        "length after a vertical tab": length(b"\x0b5"),
        "length and a blank within": length(b"5 5"),
        "same length twice": length(b"5", b"Content-Length: 5"),
        "two lengths": length(b"5", b"Content-Length: 6"),
        "no length and one": length(b"0", b"Content-Length: 5"),
        "a length and none": length(b"5", b"Content-Length: 0"),
        "length with an underscore in its name": length(b"5", b"Content_Length: 0"),
        "length by an underscore alone": ask(b"Content_Length: 5", data=DATA),
        "length and chunks": length(b"5", TE),
        "chunks and length": coded(b"chunked", b"Content-Length: 5"),
        "chunks and no length": coded(b"chunked", b"Content-Length: 0"),
        "length and identity": length(b"5", b"Transfer-Encoding: identity"),
        "length and chunks in a GET": get(b"Content-Length: 5", TE),
        "length and chunks in HTTP/1.0": ask(
            b"Content-Length: 5", TE, start=b"PUT /hashed HTTP/1.0", data=CHUNKED
        ),
        "length and an unknown coding": length(b"5", b"Transfer-Encoding: x"),
        "chunked twice": coded(b"chunked, chunked"),
        "chunked in two lines": coded(b"chunked", TE),
        "identity and chunked": coded(b"identity", TE),
        "chunked and identity": coded(b"chunked", b"Transfer-Encoding: identity"),
        "chunked and an unknown coding": coded(b"chunked", b"Transfer-encoding: x"),
        "chunked, gzip": coded(b"chunked, gzip"),
        "chunked, identity": coded(b"chunked, identity"),
        "xchunked": coded(b"xchunked"),
        "chunk": coded(b"chunk"),
        "chunked in quotes": coded(b'"chunked"'),
        "chunked with a parameter": coded(b"chunked;a=b"),
        "chunked with a comma": coded(b"chunked,"),
        "chunked after a comma": coded(b", chunked"),
        "chunked after a vertical tab": coded(b"\x0bchunked"),
        "chunked after a form feed": coded(b"\x0cchunked"),
        "chunked after a non-breaking space": coded(b"\xa0chunked"),
        "chunked with a long s": coded(b"chun\xe2\x84\xaaed"),
        "chunked and a blank within": coded(b"chunk ed"),
        "chunked before NUL": coded(b"chunked\0"),
        "chunked on the next line": coded(b"\r\n chunked"),
        "chunked on the next line, after a tab": coded(b"\r\n\tchunked"),
        "chunked and what goes on": coded(b"chunked\r\n , identity"),
        "no coding": coded(b""),
        "identity alone": coded(b"identity"),
        "gzip alone": coded(b"gzip"),
        "chunked in HTTP/1.0": ask(TE, start=b"PUT /hashed HTTP/1.0", data=CHUNKED),
        "coding with an underscore in its name": get(b"Transfer_Encoding: chunked"),
        "coding and one with an underscore": coded(b"chunked", b"Transfer_Encoding: x"),
        "space before a colon": ask(b"Content-Length : 5", data=DATA),
        "tab before a colon": ask(b"Transfer-Encoding\t: chunked", data=CHUNKED),
        "space before the first header": ask(
            b" Content-Length: 5", host=b"", data=DATA
        ),
        "space before a header": ask(b"X: y", b" Content-Length: 5", data=DATA),
        "tab before a header": ask(b"X: y", b"\tTransfer-Encoding: chunked"),
        "header that goes on": get(b"X: y", b" z"),
        "header that goes on after none": get(b"X:", b" y"),
        "line of blanks": get(b"X: y", b" \t"),
        "header without a colon": get(b"Content-Length 5"),
        "header without a name": get(b": 5"),
        "header of no text": get(b"\xff\xfe: 5"),
        "name in brackets": get(b"(X): y"),
        "CR in a name": get(b"Content-Length\r: 5"),
        "NUL in a name": get(b"Content-Length\0: 5"),
        "NUL in a value": get(b"X: a\0b"),
        "CR in a value": ask(b"X: y\rContent-Length: 5", data=DATA),
        "LF in a value": ask(b"X: y\nContent-Length: 5", data=DATA),
        "CR at the end of a value": ask(b"X: y\r", b"Content-Length: 5", data=DATA),
        "escape in a value": get(b"X: \x1b[31m"),
        "DEL in a value": get(b"X: \x7f"),
        "LF at the end of lines": b"GET /hashed HTTP/1.1\nHost: glance\n\n",
        "LF at the end of a header": b"GET /hashed HTTP/1.1\r\nHost: glance\n\r\n",
        "LF at the end of the first line": get(start=b"GET /hashed HTTP/1.1\nX: y"),
        "LF alone in the blank line": (
            b"GET /hashed HTTP/1.1\r\nHost: glance\r\n\n\r\n"
        ),
        "CR alone in the blank line": (
            b"GET /hashed HTTP/1.1\r\nHost: glance\r\n\r\r\n"
        ),
        "CR at the end of lines": b"GET /hashed HTTP/1.1\rHost: glance\r\r\r\n",
        "no host": get(host=b""),
        "no host but a URL": get(start=b"GET http://a/hashed HTTP/1.1", host=b""),
        "two hosts": get(b"Host: other"),
        "same host twice": get(HOST[:-2]),
        "two hosts and a URL": get(b"Host: b", start=b"GET http://c/hashed HTTP/1.1"),
        "two hosts in HTTP/1.0": get(b"Host: b", start=b"GET /hashed HTTP/1.0"),
        "hosts in a list": get(host=b"Host: a, b\r\n"),
        "host with a path": get(host=b"Host: a/b\r\n"),
        "host with a user": get(host=b"Host: a@b\r\n"),
        "host with a query": get(host=b"Host: a?b\r\n"),
        "host with a blank": get(host=b"Host: a b\r\n"),
        "host with another port": get(host=b"Host: a:80:90\r\n"),
        "host with a port that is no number": get(host=b"Host: a:b\r\n"),
        "host of no text": get(host=b"Host: \xc3\xa9\r\n"),
        "host with a quote": get(host=b'Host: a"b\r\n'),
        "host that is a bad address": get(host=b"Host: [zz]\r\n"),
        "host that is a URL": get(host=b"Host: http://a\r\n"),
        "two spellings of a header": get(b"X-Auth-Token: a", b"X_Auth_Token: b"),
        "two spellings of one that proxies set": get(
            b"X_Forwarded-For: 1.2.3.4", b"X-Forwarded-For: 5.6.7.8"
        ),
        "URL with a user": get(start=b"GET http://a@b/hashed HTTP/1.1"),
        "URL without a host": get(start=b"GET http:///hashed HTTP/1.1"),
        "URL with a bad host": get(start=b"GET http://a..b/hashed HTTP/1.1"),
        "URL of another kind": get(start=b"GET file:///etc/passwd HTTP/1.1"),
        "URL that has a newline": get(start=b"GET http://a\n/hashed HTTP/1.1"),
        "target without a slash": get(start=b"GET hashed HTTP/1.1"),
        "target of a proxy": get(start=b"GET a:80 HTTP/1.1"),
        "asterisk in a GET": get(start=b"GET * HTTP/1.1"),
        "fragment in the target": get(start=b"GET /hashed#a HTTP/1.1"),
        "backslash for a slash": get(start=b"GET \\hashed HTTP/1.1"),
        "target of no text": get(start=b"GET /\xff HTTP/1.1"),
        "target beyond ASCII": get(start=b"GET /\x80\xb0 HTTP/1.1"),
        "DEL in the target": get(start=b"GET /\x7f HTTP/1.1"),
        "NUL in the target": get(start=b"GET /hashed\0 HTTP/1.1"),
        "LF in the target": get(start=b"GET /hashed\nX:y HTTP/1.1"),
        "space in the target": get(start=b"GET /hashed HTTP/1.1 HTTP/1.1"),
        "no target": get(start=b"GET HTTP/1.1"),
        "empty target": get(start=b"GET  HTTP/1.1"),
        "HTTP/0.9": b"GET /hashed\r\n\r\n",
        "version in small letters": get(start=b"GET /hashed http/1.1"),
        "version with a zero before": get(start=b"GET /hashed HTTP/01.1"),
        "version with a zero behind": get(start=b"GET /hashed HTTP/1.10"),
        "version without a point": get(start=b"GET /hashed HTTP/1"),
        "version with a comma": get(start=b"GET /hashed HTTP/1,1"),
        "no version": get(start=b"GET /hashed "),
        "another protocol": get(start=b"GET /hashed RTSP/1.0"),
        "tabs in the first line": get(start=b"GET\t/hashed\tHTTP/1.1"),
        "two spaces in the first line": get(start=b"GET  /hashed HTTP/1.1"),
        "two spaces before the version": get(start=b"GET /hashed  HTTP/1.1"),
        "space before the first line": get(start=b" GET /hashed HTTP/1.1"),
        "space after the first line": get(start=b"GET /hashed HTTP/1.1 "),
        "CR in the first line": get(start=b"GET /hashed\rHTTP/1.1"),
        "CR after the first line": get(start=b"GET /hashed HTTP/1.1\r"),
        "colon in the method": get(start=b"GET: /hashed HTTP/1.1"),
        "no method": get(start=b" /hashed HTTP/1.1"),
        "two blank lines before": b"\r\n\r\n" + get(),
        "many blank lines before": b"\r\n" * 5000 + get(),
        "LF before": b"\n" + get(),
        "TLS": b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n",
    },
    414: {
        "long target": get(start=b"GET /%b HTTP/1.1" % (b"a" * 17000)),
        "target of 64 KiB": get(start=b"GET /%b HTTP/1.1" % (b"a" * 65535)),
        "target of 64 KiB in HTTP/1.0": get(start=b"GET /%b HTTP/1.0" % (b"a" * 65535)),
        "long query": get(start=b"GET /hashed?%b HTTP/1.1" % (b"a=b&" * 5000)),
        "target that never ends": b"GET /" + b"a" * 40000,
    },
    417: {
        "unknown expectation": length(b"5", b"Expect: 200-ok"),
        "expectation that is no text": length(b"5", b"Expect: \xff"),
        "expectation of something before": length(b"5", b"Expect: y 100-continue"),
        "expectations in a list": length(b"5", b"Expect: 100-continue, x"),
        "expectation twice": length(
            b"5", b"Expect: 100-continue", b"Expect: 100-continue"
        ),
        "empty expectation": length(b"5", b"Expect:"),
    },
    431: {
        "many headers": get(*[b"X: y"] * 500),
        "many names": get(*[b"X%d: y" % n for n in range(500)]),
        "long headers": get(*[b"X: " + b"y" * 9000] * 15),
        "long header": get(b"X: " + b"y" * 17000),
        "long name": get(b"X" * 17000 + b": y"),
        "header of 64 KiB": get(b"X: " + b"y" * 65536),
        "header that never ends": get()[:-2] + b"X: " + b"y" * 40000,
    },
    501: {
        "gzip, chunked": coded(b"gzip, chunked"),
        "identity, chunked": coded(b"identity, chunked"),
        "gzip, deflate and chunked": coded(b"gzip ,deflate,\tchunked"),
        "method in small letters": get(start=b"get /hashed HTTP/1.1"),
        "unknown method": get(start=b"GETS /hashed HTTP/1.1"),
        "long method": get(start=b"G" * 1000 + b" /hashed HTTP/1.1"),
        "method that is too long": get(start=b"G" * 17000 + b" /hashed HTTP/1.1"),
        "CONNECT": get(start=b"CONNECT a:80 HTTP/1.1"),
        "TRACK": get(start=b"TRACK /hashed HTTP/1.1"),
    },
    505: {
        "HTTP/1.2": get(start=b"GET /hashed HTTP/1.2"),
        "HTTP/1.9": get(start=b"GET /hashed HTTP/1.9"),
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/3": get(start=b"GET /hashed HTTP/3.0"),
        "HTTP/0.9 as a version": get(start=b"GET /hashed HTTP/0.9"),
    },
}
"""
What is no request, by the status of its answer: nothing is asked, and what follows
is ignored.
"""

BROKEN = {
    "no size": chunks(b"\r\nabcde\r\n0\r\n\r\n"),
    "size that is no number": chunks(b"x\r\nabcde\r\n0\r\n\r\n"),
    "size with a sign": chunks(b"+5\r\nabcde\r\n0\r\n\r\n"),
    "size with a minus": chunks(b"-5\r\nabcde\r\n0\r\n\r\n"),
    "size with a prefix": chunks(b"0x5\r\nabcde\r\n0\r\n\r\n"),
    "size with an underscore": chunks(b"0_5\r\nabcde\r\n0\r\n\r\n"),
    "size after a space": chunks(b" 5\r\nabcde\r\n0\r\n\r\n"),
    "size before a blank": chunks(b"5 \t\r\nabcde\r\n0\r\n\r\n"),
    "size and another": chunks(b"5 5\r\nabcde\r\n0\r\n\r\n"),
    "huge size": chunks(b"f" * 17 + b"\r\nabcde\r\n0\r\n\r\n"),
    "size of 64 bits": chunks(b"1" + b"0" * 15 + b"5\r\nabcde\r\n0\r\n\r\n"),
    "size with many zeros": chunks(b"0" * 20 + b"5\r\nabcde\r\n0\r\n\r\n"),
    "size of other digits": chunks(b"\xd9\xa5\r\nabcde\r\n0\r\n\r\n"),
    "size before LF": chunks(b"5\nabcde\r\n0\r\n\r\n"),
    "size before CR": chunks(b"5\rabcde\r\n0\r\n\r\n"),
    "size before CR CR LF": chunks(b"5\r\r\nabcde\r\n0\r\n\r\n"),
    "size before NUL": chunks(b"5\0\r\nabcde\r\n0\r\n\r\n"),
    "extension with LF": chunks(b"5;a\nb\r\nabcde\r\n0\r\n\r\n"),
    "extension with CR": chunks(b"5;a\rb\r\nabcde\r\n0\r\n\r\n"),
    "extension with NUL": chunks(b"5;a\0\r\nabcde\r\n0\r\n\r\n"),
    "extension before LF": chunks(b"5;\nabcde\r\n0\r\n\r\n"),
    "extension before CR": chunks(b"5;\rabcde\r\n0\r\n\r\n"),
    "extension that hides a chunk": chunks(b"2;\nxx\r\n4c\r\n0\r\n\r\n"),
    "extension that is a request": chunks(b"5;\r\r\n0\r\n\r\n" + NEXT_IN_CHUNKS),
    "extension in open quotes": chunks(b'5;a="b\r\nabcde\r\n0\r\n\r\n'),
    "extension whose quotes hide CRLF": chunks(
        b'5;a="b\r\n0\r\n\r\n"\r\nabcde\r\n0\r\n\r\n'
    ),
    "extension with blanks": chunks(b"5;a b\r\nabcde\r\n0\r\n\r\n"),
    "extension without a name": chunks(b"5;\r\nabcde\r\n0\r\n\r\n"),
    "extension without a semicolon": chunks(b"5a=b\r\nabcde\r\n0\r\n\r\n"),
    "extension that is long": chunks(b"5;%b\r\nabcde\r\n0\r\n\r\n" % (b"a" * 2000)),
    "extensions that are many": chunks(
        b"1;%b\r\na\r\n" % (b"a" * 900) * 20 + b"0\r\n\r\n"
    ),
    "chunk that is too long": chunks(b"5\r\nabcdef\r\n0\r\n\r\n"),
    "chunk that is too short": chunks(b"5\r\nabcd\r\n0\r\n\r\n"),
    "chunk before LF": chunks(b"5\r\nabcde\n0\r\n\r\n"),
    "chunk before CR": chunks(b"5\r\nabcde\r0\r\n\r\n"),
    "chunk before nothing": chunks(b"5\r\nabcde0\r\n\r\n"),
    "chunk before two other bytes": chunks(b"5\r\nabcdeXX0\r\n\r\n"),
    "last chunk before LF": chunks(b"5\r\nabcde\r\n0\n\r\n"),
    "last chunk with a sign": chunks(b"5\r\nabcde\r\n-0\r\n\r\n"),
    "trailer with LF": chunks(b"0\r\nA: b\nC: d\r\n\r\n"),
    "trailer with CR": chunks(b"0\r\nA: b\rC: d\r\n\r\n"),
    "trailer with NUL": chunks(b"0\r\nA: \0\r\n\r\n"),
    "trailer that is long": chunks(b"0\r\n" + b"A: b\r\n" * 11_000),
    "trailer that goes on": chunks(b"0\r\nA: b\r\n c\r\n\r\n"),
    "trailer without a colon": chunks(b"0\r\nA b\r\n\r\n"),
    "trailer with a space before its colon": chunks(b"0\r\nA : b\r\n\r\n"),
    "trailer that is a request": chunks(b"0\r\n" + NEXT_IN_CHUNKS),
    "length as a trailer": chunks(b"5\r\nabcde\r\n0\r\nContent-Length: 9\r\n\r\n"),
    "length as a trailer, with an underscore": chunks(
        b"5\r\nabcde\r\n0\r\nContent_Length: 9\r\n\r\n"
    ),
    "coding as a trailer": chunks(b"0\r\ntransfer-encoding: chunked\r\n\r\n"),
    "host as a trailer": chunks(b"0\r\nHost: b\r\n\r\n"),
    "token as a trailer": chunks(b"0\r\nX-Auth-Token: b\r\n\r\n"),
}
"""What has broken chunks: it is asked, and fails."""

ACCEPTED = {
    "length": (length(b"5"), DATA),
    "length amid blanks": (length(b" \t5 \t"), DATA),
    "length in capitals": (ask(b"CONTENT-LENGTH:5", data=DATA), DATA),
    "no length": (ask(b"Content-Length: 0"), b""),
    "chunks": (coded(b"chunked"), DATA),
    "chunked in capitals": (coded(b"CHUNKED"), DATA),
    "chunked amid blanks": (coded(b"\t chunked \t"), DATA),
    "size in capitals": (chunks(b"A\r\n0123456789\r\n0\r\n\r\n"), b"0123456789"),
    "size with zeros before": (chunks(b"0005\r\nabcde\r\n000\r\n\r\n"), DATA),
    "extension": (chunks(b'5 ; a = "b; c" ;d\r\nabcde\r\n0;d=e\r\n\r\n'), DATA),
    "extension with an escaped quote": (
        chunks(b'5;a="\\"\\\\"\r\nabcde\r\n0\r\n\r\n'),
        DATA,
    ),
    "trailer": (chunks(b"5\r\nabcde\r\n0\r\nA: b\r\nC:\r\n\r\n"), DATA),
    "data in a GET": (
        ask(b"Content-Length: 5", start=b"GET /hashed HTTP/1.1", data=DATA),
        DATA,
    ),
    "data that is a request": (
        ask(b"Content-Length: 27", data=b"GET /pong HTTP/1.1\r\n\r\nabcde"),
        b"GET /pong HTTP/1.1\r\n\r\nabcde",
    ),
    "header without a value": (get(b"X:"), b""),
    "header that is no ASCII": (get(b"X: \xc3\xa9"), b""),
    "header of 16 KiB": (get(b"X: " + b"y" * ((1 << 14) - 3)), b""),
    "500 headers": (get(*[b"X: y"] * 499), b""),
    "blank line before": (b"\r\n" + get(), b""),
    "URL as the target": (get(start=b"GET http://other/hashed HTTP/1.1"), b""),
    "empty host": (get(host=b"Host:\r\n"), b""),
    "host with a port": (get(host=b"Host: a.b-c:9292\r\n"), b""),
    "host that is an address": (get(host=b"Host: [::1]:80\r\n"), b""),
    "names of users with underscores": (
        get(b"X-Image-Meta-Property-A_B: c", b"X-Image-Meta-Property-A-B: d"),
        b"",
    ),
    "header with an underscore": (get(b"X_Y: z"), b""),
    "request to go on": (length(b"5", b"Expect: 100-continue"), DATA),
    "request to go on in capitals": (length(b"5", b"Expect: 100-Continue"), DATA),
    "wish for another protocol": (get(b"Connection: upgrade", b"Upgrade: h2c"), b""),
    "wish for HTTP/2": (
        get(
            b"Connection: Upgrade, HTTP2-Settings",
            b"Upgrade: h2c",
            b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        ),
        b"",
    ),
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
