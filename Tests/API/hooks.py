"""What schemathesis has to be told of bodies that are not JSON."""

import schemathesis


@schemathesis.serializer("application/offset+octet-stream")
class OffsetSerializer:
    """A part of an upload is bytes as they are."""

    def as_requests(self, context, value):
        return {"data": value if isinstance(value, bytes) else str(value).encode()}

    def as_werkzeug(self, context, value):
        return {"data": value if isinstance(value, bytes) else str(value).encode()}
