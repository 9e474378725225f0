"""The bytes on the wire (workloads/PROTOCOL.md): frames, what is computed from a nonce, and the documents of `http`."""
import functools
import struct

FRAME_BYTES_MAX = 16 << 20
MASK = (1 << 64) - 1
INVERTED = bytes(255 - byte for byte in range(256))
_FRAMED = struct.Struct("<IQ")
_NONCE = struct.Struct("<Q")
FRAMED_BYTES = _FRAMED.size


class Malformed(Exception):
    """The peer broke the protocol: its connection is closed."""


class Splitter:
    """Cuts a stream into what `take(buffer, at)` finds there: (request, end), or None while it is not whole."""

    def __init__(self, take):
        self._take, self._rest = take, bytearray()

    def feed(self, data):
        """The whole requests that there are now. Raises Malformed behind the last good one."""
        if self._rest:
            self._rest += data
            data = self._rest
        at = 0
        while found := self._take(data, at):
            request, at = found
            yield request
        if data is self._rest:
            del self._rest[:at]
        elif at < len(data):
            self._rest += data[at:]


def take_frame(data, at):
    begin = at + 4
    if len(data) < begin:
        return None
    length = int.from_bytes(data[at:begin], "little")
    if length > FRAME_BYTES_MAX:
        raise Malformed
    end = begin + length
    return (bytes(data[begin:end]), end) if len(data) >= end else None


def take_nonce(data, at):
    """A frame whose payload is a nonce of 8 bytes, as a number."""
    if len(data) - at < FRAMED_BYTES:
        if len(data) - at >= 4 and int.from_bytes(data[at:at + 4], "little") != 8:
            raise Malformed
        return None
    length, nonce = _FRAMED.unpack_from(data, at)
    if length != 8:
        raise Malformed
    return nonce, at + FRAMED_BYTES


def framed(payload):
    return len(payload).to_bytes(4, "little") + payload


def framed_number(number):
    return _FRAMED.pack(8, number)


def framed_numbers(first, second):
    return struct.pack("<IQQ", 16, first, second)


def number_of(frame):
    """The payload of a frame with 8 bytes; raises Malformed for another."""
    length, number = _FRAMED.unpack(frame)
    if length != 8:
        raise Malformed
    return number


def place_of(nonce):
    """Where a request stands among a hundred: what makes some of them different depends on it."""
    return nonce % 100 * 37 % 100


def after_wait(nonce):
    return (nonce ^ MASK) * 3 & MASK


def burn(x, rounds):
    """A counted amount of work; the same numbers as kernels::burn."""
    for i in range(rounds):
        x = ((x ^ x >> 33) * 0xFF51AFD7ED558CCD + i) & MASK
    return x


@functools.cache
def noise(count, seed):
    """`count` bytes that depend only on `seed`: SplitMix64, as kernels::fill."""
    words = []
    for _ in range((count + 7) // 8):
        seed = seed + 0x9E3779B97F4A7C15 & MASK
        z = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        words.append(z ^ z >> 31)
    return struct.pack(f"<{len(words)}Q", *words)[:count]


def digest(chunk):
    """A number that depends on every byte and on its place."""
    chunk += bytes(-len(chunk) % 8)
    total = 0
    for word in struct.unpack(f"<{len(chunk) // 8}Q", chunk):
        total = (total << 1 | total >> 63) + word & MASK
    return total


class Documents:
    """The JSON documents of `http`."""

    _ALPHABET = b"abcdefghijklmnopqrstuvwxyz"

    def __init__(self, body_bytes):
        self.bytes = body_bytes
        self._text = self._ALPHABET * (body_bytes // 26 + 2)

    def document(self, number):
        begin = b'{"id":%d,"text":"' % number
        letter = number % 26
        return begin + self._text[letter:letter + self.bytes - len(begin) - 2] + b'"}'
