"""
A client of OpenStack Swift, which knows nothing of images.  Of the rest of this
project it needs C{glance.keystone}, and what that and the client of S3 need, too.

What there is, from the bottom to the top:

  - L{connections<glance.swift.connections>}: how Swift is reached.  What is
    asked for without data goes over connections that are kept.  Data is sent
    over a connection of its own, which can be broken off, and on which the
    answer is read while the data is still being sent.

  - L{exchanges<glance.swift.exchanges>}: one request and its answer.  It is
    given up when nothing moves for a time, and never because it takes long.

  - L{auth<glance.swift.auth>} and L{keystone<glance.swift.keystone>}: tokens.
    All requests share one, and one request gets a new one for all.

  - L{account<glance.swift.account>}: requests with a token, made again where
    that does no harm.  Data that comes from a stream is sent once: it is begun
    only when Swift has said that it will take it (C{100 Continue}), so a token
    that is refused costs nothing.

  - L{client<glance.swift.client>}: what can be done with containers and objects.

  - L{large<glance.swift.large>}: objects in segments.

Data is Twisted's C{IBodyProducer}, in both directions: who takes it too slowly
pauses it, and so the other end.  Each public method returns a C{Deferred}, which
fails with a L{SwiftError<glance.swift.errors.SwiftError>}, or with whatever the
given data failed with.
"""
