"""HTTP/1.1 as far as the generator and a browser need it: requests in, replies out, pipelining and keep-alive."""
from .wire import Documents, Malformed

HEAD_BYTES_MAX = 8192
BODY_BYTES_MAX = 1 << 20
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s"
_REFUSAL = b"HTTP/1.1 %s\r\nContent-Length: 0\r\n%s\r\n"
_CLOSE = b"Connection: close\r\n"


def take_request(data, at):
    """(method, target, whether the connection stays open) and where the request ends; for wire.Splitter."""
    end = data.find(b"\r\n\r\n", at)
    if end < 0:
        if len(data) - at > HEAD_BYTES_MAX:
            raise Malformed
        return None
    first, *lines = bytes(data[at:end]).split(b"\r\n")
    words = first.split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
        raise Malformed
    fields = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise Malformed
        fields[name.lower()] = value.strip()
    length = fields.get(b"content-length", b"0")
    if b"transfer-encoding" in fields or not length.isdigit() or int(length) > BODY_BYTES_MAX:
        raise Malformed
    end += 4 + int(length)
    if len(data) < end:
        return None
    wish = fields.get(b"connection", b"").lower()
    stays_open = wish == b"keep-alive" if words[2] == b"HTTP/1.0" else wish != b"close"
    return (words[0], words[1], stays_open), end


class Replies:
    def __init__(self, body_bytes):
        self._documents = Documents(body_bytes)
        self._bytes = body_bytes

    def reply(self, method, target, stays_open):
        close = b"" if stays_open else _CLOSE
        number = target[1:] or b"0"
        if method not in (b"GET", b"HEAD", b"POST"):
            return _REFUSAL % (b"405 Method Not Allowed", close)
        if not target.startswith(b"/") or not number.isdigit() or int(number) >= 1 << 32:
            return _REFUSAL % (b"404 Not Found", close)
        body = b"" if method == b"HEAD" else self._documents.document(int(number))
        return _OK % (self._bytes, close, body)
