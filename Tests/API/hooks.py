"""What schemathesis has to be told of bodies that are not JSON."""

import schemathesis


@schemathesis.serializer("application/offset+octet-stream", "application/pdf")
def bytes_as_they_are(context, value):
    """Bytes as they are."""
    return value if isinstance(value, bytes) else str(value).encode()
