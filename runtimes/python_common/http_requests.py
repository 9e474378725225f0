"""HTTP/1.1 as workloads/PROTOCOL.md has it: the server's side of one connection. Takes bytes, gives bytes; does no I/O."""
import http
import re

from .wire import Documents

HEAD_BYTES_MAX = 8192
BODY_BYTES_MAX = 1 << 20
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s"
_ERROR = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s"
_CLOSE = b"Connection: close\r\n"
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;.*)?").fullmatch
_KNOWN_METHODS = {method.encode() for method in ("PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")}


class _Refused(Exception):
    """The client broke the protocol: it is answered with a status, and its connection closed."""

    def __init__(self, status):
        super().__init__(status)
        self.status = status


class _Head:
    """The first line and the fields of a request. Raises _Refused."""

    __slots__ = ("method", "path", "stays_open", "connection", "body_bytes", "is_chunked", "expects_continue")

    def __init__(self, text):
        first, *lines = text.split(b"\r\n")
        words = first.split(b" ")
        if len(words) != 3 or words[2] not in (b"HTTP/1.1", b"HTTP/1.0") or not _TOKEN(words[0]):
            raise _Refused(400)
        is_older = words[2] == b"HTTP/1.0"
        self.method, self.path = words[0], _path_of(words[1])
        fields = {}
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not _TOKEN(name):
                raise _Refused(400)
            name = name.lower()
            if name in fields and name in (b"host", b"content-length", b"transfer-encoding"):
                raise _Refused(400)
            fields[name] = value.strip()
        if b"host" not in fields and not is_older:
            raise _Refused(400)
        if self.method in (b"GET", b"HEAD", b"POST") and not self.path.startswith(b"/"):
            raise _Refused(400)
        self._take_body(fields, is_older)
        self._take_connection(fields.get(b"connection", b"").lower(), is_older)

    def _take_body(self, fields, is_older):
        coding = fields.get(b"transfer-encoding")
        length = fields.get(b"content-length", b"0")
        if coding is not None and coding.lower() != b"chunked":
            raise _Refused(501)
        if not length.isdigit() or (coding is not None and b"content-length" in fields):
            raise _Refused(400)
        if len(length) > 8 or int(length) > BODY_BYTES_MAX:
            raise _Refused(413)
        expected = fields.get(b"expect", b"").lower()
        if not is_older and expected not in (b"", b"100-continue"):
            raise _Refused(417)
        self.body_bytes, self.is_chunked = int(length), coding is not None
        self.expects_continue = not is_older and expected != b""

    def _take_connection(self, wish, is_older):
        wishes = [each.strip() for each in wish.split(b",")] if wish else []
        self.stays_open = b"close" not in wishes and (not is_older or b"keep-alive" in wishes)
        self.connection = _CLOSE if not self.stays_open else b"Connection: keep-alive\r\n" if is_older else b""


def _path_of(target):
    """That of a target in origin form, or in absolute form (RFC 9112, 3.2.2)."""
    if not target.startswith(b"/"):
        scheme, mark, rest = target.partition(b"://")
        if mark and scheme.lower() in (b"http", b"https"):
            _, slash, path = rest.partition(b"?")[0].partition(b"/")
            return b"/" + path
    return target.partition(b"?")[0]


class _Body:
    """The body of a request, thrown away as it comes."""

    def __init__(self, head):
        self._left, self._is_chunked = head.body_bytes, head.is_chunked
        self._total = 0  # of the chunks' sizes
        self._take_line = self._take_size if self._is_chunked else None  # what the next line of a chunked body is

    def take(self, data, at):
        """Where what was taken ends, and whether that is the end of the body. Raises _Refused."""
        while True:
            taken = min(self._left, len(data) - at)
            at += taken
            self._left -= taken
            if self._left > 0:
                return at, False
            if self._take_line is None:
                return at, True
            end = data.find(b"\r\n", at)
            if end < 0:
                if len(data) - at > HEAD_BYTES_MAX:
                    raise _Refused(400)
                return at, False
            line, at = data[at:end], end + 2
            self._take_line(line)
            if self._total > BODY_BYTES_MAX:
                raise _Refused(413)

    def _take_size(self, line):
        found = _CHUNK_SIZE(line)
        if not found:
            raise _Refused(400)
        self._left = int(found[1], 16)
        self._total += self._left
        self._take_line = self._take_chunk_end if self._left else self._take_trailer

    def _take_chunk_end(self, line):
        if line:
            raise _Refused(400)
        self._take_line = self._take_size

    def _take_trailer(self, line):
        if not line:
            self._take_line = None


class Conversation:
    """`feed` gives the replies to what came, CONTINUE among them; `is_over`: the connection is to be closed, and
    `is_malformed`: because of an error of the client."""

    def __init__(self, documents):
        self._documents = documents
        self._rest = b""
        self._head, self._body = None, None  # of the request whose body comes
        self.is_over = self.is_malformed = False

    def feed(self, data):
        if self._rest:
            data = self._rest + data
        at = 0
        try:
            while True:
                if self._head is None:
                    end = self._find_head(data, at)
                    if end is None:
                        break
                    self._head = _Head(data[at:end].lstrip(b"\r\n"))
                    self._body = _Body(self._head)
                    at = end + 4
                    if self._head.expects_continue and at == len(data):
                        yield CONTINUE
                at, is_whole = self._body.take(data, at)
                if not is_whole:
                    break
                head, self._head = self._head, None
                self.is_over = not head.stays_open
                yield self._answer(head)
                if self.is_over:
                    return
        except _Refused as refusal:
            self.is_over = self.is_malformed = True
            yield _error(refusal.status, _CLOSE)
        self._rest = data[at:]

    @staticmethod
    def _find_head(data, at):
        """Where the head ends that begins at `at`, or None while it is not whole. Empty lines may stand before it
        (RFC 9112, 2.2)."""
        begin = at
        while data[begin:begin + 2] == b"\r\n":
            begin += 2
        end = data.find(b"\r\n\r\n", begin)
        if (len(data) if end < 0 else end) - begin > HEAD_BYTES_MAX:
            raise _Refused(431)
        if end < 0:
            begins_right = data[begin:begin + 1] > b" " or data[begin:] in (b"", b"\r")
            line_end = data.find(b"\n", begin)
            if not begins_right or (line_end > 0 and data[line_end - 1] != 13) or begin - at > HEAD_BYTES_MAX:
                raise _Refused(400)  # whatever comes after it
            return None
        return end

    def _answer(self, head):
        if head.method not in (b"GET", b"HEAD", b"POST"):
            return _error(405 if head.method in _KNOWN_METHODS else 501, head.connection)
        number = head.path[1:] or b"0"
        is_asked_for_body = head.method != b"HEAD"
        if not number.isdigit() or len(number) > 10 or int(number) >= 1 << 32:
            return _error(404, head.connection, is_asked_for_body)
        body = self._documents.document(int(number)) if is_asked_for_body else b""
        return _OK % (self._documents.bytes, head.connection, body)


def _error(status, connection, with_body=True):
    phrase = http.HTTPStatus(status).phrase.encode()
    body = b'{"error":"%s"}' % phrase
    more = connection + (b"Allow: GET, HEAD, POST\r\n" if status == 405 else b"")
    return _ERROR % (status, phrase, len(body), more, body if with_body else b"")


def new_conversations(body_bytes):
    """Makes the conversation of each connection; documents are common to them."""
    documents = Documents(body_bytes)
    return lambda: Conversation(documents)
