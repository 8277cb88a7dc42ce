"""
A client of S3, for Amazon's and for whatever else speaks its protocol.

It knows nothing of images, and needs nothing but Twisted, attrs, and the modules
C{deferreds}, C{receiving} and C{silence} beside it.  What it is for is large objects
in little memory:

  - A body is Twisted's C{IBodyProducer}, in both directions.  A server that takes
    data slowly pauses its source; whoever takes data slowly pauses the server.
  - An object whose length isn't known beforehand, or that is larger than a part,
    is sent in parts, several at once.  A part is in memory, so that it can be sent
    again; how many parts are, and how large, is all the memory that an upload takes.
  - A body that is passed on as it comes (L{S3Client.put_object}) is sent once.  So
    its bucket's region is found out beforehand.

What was decided, and why:

  - The requests are made by Twisted's C{Agent}, not by treq, which asks for
    compressed data, unpacks what says it is, and so hides lengths and changes data.
  - The path and the query are encoded here, once, and are signed and sent as they
    are.  Every header that is sent but C{Content-Length} and C{Connection} is
    signed.
  - By HTTPS the data isn't hashed for the signature; TLS protects it.  By HTTP
    parts are hashed, and bodies passed on are where their hash is given.
  - A region that isn't ours is what the server names it, once a request; a bucket's
    region is remembered.
  - No limit is set on a transfer that moves.  Where something waits for the server,
    it may be silent for so long; who else is slow isn't blamed on it.
  - Asked again, after a pause, is only what does no harm when it is done twice, and
    only after errors that may pass.  An upload of parts is begun again only if the
    server refused, because each beginning leaves something; when its end is not
    answered, what there is then decides.
  - When an upload fails, its parts are removed.  A process that dies leaves them:
    L{S3Client.list_uploads} finds and L{S3Client.abort_upload} removes them.
  - The credentials of a client are fixed.  Whose keys are temporary makes another
    client in time.
"""

from glance.s3.addressing import Endpoint, Style
from glance.s3.asking import Service
from glance.s3.client import S3Client
from glance.s3.connections import Agents, Connections
from glance.s3.credentials import Credentials
from glance.s3.limits import Limits
from glance.s3.sending import Parcel

__all__ = [
    "Agents",
    "Connections",
    "Credentials",
    "Endpoint",
    "Limits",
    "Parcel",
    "S3Client",
    "Service",
    "Style",
]
