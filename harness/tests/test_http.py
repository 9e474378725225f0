"""The workload http as clients that are not ours see it: curl, Python's http.client, wrk, h2load."""
import concurrent.futures
import http.client
import json
import re
import shutil
import socket
import subprocess

import pytest
from harness_fixtures import LONG_ENOUGH_S, RUNTIMES, start_server

DOCUMENT_BYTES = 64


IN_OTHER_LANGUAGES = ["python_asyncio", "python_asyncio api=protocol", "python_uvloop", "python_threads", "python_uvicorn",
                      "go_net", "node_net"]


@pytest.fixture(params=[*RUNTIMES, *IN_OTHER_LANGUAGES])
def server(request):
    name, *settings = request.param.split()
    process = start_server(name, "http", *[word for setting in settings for word in ("--set", setting)])
    process.name = name
    yield process
    if process.poll() is None:
        stop(process)


def stop(process):
    """Its counters."""
    out, errors = process.communicate(timeout=LONG_ENOUGH_S)
    assert process.returncode == 0, errors
    return json.loads(out.splitlines()[-1])["counters"]


def document(number):
    text = json.loads(json.dumps({"id": number, "text": ""}, separators=(",", ":")))
    length = DOCUMENT_BYTES - len(json.dumps(text, separators=(",", ":")))
    text["text"] = "".join(chr(ord("a") + (number + i) % 26) for i in range(length))
    return text


def talk(port, sent):
    """What the server says until it closes."""
    with socket.create_connection(("127.0.0.1", port), LONG_ENOUGH_S) as peer:
        peer.sendall(sent)
        got = b""
        while part := peer.recv(65536):
            got += part
        return got


def test_http_client_keeps_its_connection(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LONG_ENOUGH_S)
    for number in [0, 7, 4294967295]:
        connection.request("GET", f"/{number}")
        reply = connection.getresponse()
        body = reply.read()
        assert reply.status == 200 and reply.headers["Content-Type"] == "application/json"
        assert len(body) == DOCUMENT_BYTES and json.loads(body) == document(number)
    local = connection.sock.getsockname()
    connection.request("POST", "/8", body=b"x" * 100_000)
    assert json.loads(connection.getresponse().read()) == document(8)
    connection.request("POST", "/9", body=iter([b"a", b"bc"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    assert json.loads(connection.getresponse().read()) == document(9)
    connection.request("HEAD", "/9")
    reply = connection.getresponse()
    assert reply.read() == b"" and reply.headers["Content-Length"] == str(DOCUMENT_BYTES)
    connection.request("DELETE", "/9")
    reply = connection.getresponse()
    reply.read()
    assert reply.status == 405 and "GET" in reply.headers["Allow"]
    assert connection.sock.getsockname() == local
    connection.close()
    counters = stop(server)
    assert (counters["accepted"], counters["requests"], counters["errors"]) == (1, 7, 0)


def test_malformed_requests_are_answered_and_closed(server):
    malformed = [(b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\n\r\n", b"400"),
                 (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", b"400"),
                 (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 10_000, b"431"),
                 (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", b"501")]
    if server.name == "python_uvicorn":  # what its parser takes for malformed, and its one status for that
        malformed = [(b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/3.1 x\r\n\r\n", b"400"), (b"\x16\x03\x01\r\n\r\n", b"400")]
    for sent, status in malformed:
        assert talk(server.port, sent).startswith(b"HTTP/1.1 " + status), sent
    assert b"200 OK" in talk(server.port, b"GET /1 HTTP/1.0\r\n\r\n")
    counters = stop(server)
    assert (counters["requests"], counters["errors"]) == (len(malformed) + 1, len(malformed))


HOST = b"Host: a\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST


@pytest.mark.parametrize("server", ["epoll", "python_asyncio", "python_asyncio api=protocol", "python_threads"], indirect=True)
def test_statuses_of_parsers_that_are_this_tree_s(server):
    leave_open = [
        (b"GET /no HTTP/1.1\r\n", 404), (b"HEAD /no HTTP/1.1\r\n", 404), (b"GET /-1 HTTP/1.1\r\n", 404),
        (b"DELETE /1 HTTP/1.1\r\n", 405), (b"OPTIONS * HTTP/1.1\r\n", 405), (b"BREW /1 HTTP/1.1\r\n", 501),
        (b"\r\nGET /2 HTTP/1.1\r\n", 200)]
    last = b"GET /5 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    for sent, status in leave_open:
        got = talk(server.port, sent + HOST + b"\r\n" + last)
        assert got.startswith(b"HTTP/1.1 %d " % status) and b'{"id":5,' in got, (sent, got)
    end = [
        (b"\x16\x03\x01\0\x02\0\x01", 400), (b"GET / HTTP/1.1\n\n", 400), (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET relative HTTP/1.1\r\n" + HOST + b"\r\n", 400), (POST + b"No colon\r\n\r\n", 400),
        (POST + b"Space : before\r\n\r\n", 400), (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (POST + b"Expect: a miracle\r\n\r\n", 417), (POST + b"Content-Length: 99999999\r\n\r\n", 413),
        (b"GET /" + b"1" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431)]
    for sent, status in end:
        got = talk(server.port, sent)
        assert got.startswith(b"HTTP/1.1 %d " % status) and b"\r\nConnection: close\r\n" in got, (sent, got)
    counters = stop(server)
    assert (counters["requests"], counters["errors"]) == (2 * len(leave_open) + len(end), len(end))


def test_requests_in_pieces(server):
    sent = (b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n"
            b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd"
            b"GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    with socket.create_connection(("127.0.0.1", server.port), LONG_ENOUGH_S) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in sent:
            peer.sendall(bytes([byte]))
        got = b"".join(iter(lambda: peer.recv(65536), b""))
    assert [json.loads(text)["id"] for text in re.findall(rb'{"id".*?}', got)] == [1, 2, 3]
    counters = stop(server)
    assert (counters["requests"], counters["errors"]) == (3, 0)


def test_targets_of_all_forms(server):
    targets = [(b"http://a/5", 5), (b"http://a", 0), (b"/6", 6), (b"/", 0), (b"/7?x=1", 7), (b"/none", None),
               (b"/4294967296", None)]
    if server.name == "python_uvicorn":  # on httptools it takes a target without any path for malformed
        targets.remove((b"http://a", 0))
    for target, wanted in targets:
        got = talk(server.port, b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        head, _, body = got.partition(b"\r\n\r\n")
        if wanted is None:
            assert head.startswith(b"HTTP/1.1 404"), got
        else:
            assert head.startswith(b"HTTP/1.1 200") and json.loads(body) == document(wanted), got
    assert stop(server)["errors"] == 0


def test_pipelined_requests_of_many_connections(server):
    requests = 200
    sent = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(requests - 1))
    sent += b"GET /0 HTTP/1.0\r\n\r\n"
    connections = 8
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        for got in pool.map(lambda _: talk(server.port, sent), range(connections)):
            bodies = [part.split(b"\r\n\r\n")[1] for part in re.split(rb"HTTP/1\.[01] 200 OK", got)[1:]]
            assert [json.loads(body)["id"] for body in bodies] == [*range(requests - 1), 0]
    counters = stop(server)
    assert (counters["requests"], counters["errors"]) == (connections * requests, 0)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl(server):
    url = f"http://127.0.0.1:{server.port}"
    done = subprocess.run(["curl", "--silent", "--show-error", "--fail", f"{url}/5", f"{url}/6", "--data", "a=b",
                           "--header", "Expect: 100-continue", f"{url}/7"],
                          capture_output=True, text=True, timeout=LONG_ENOUGH_S)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(json.dumps(document(n), separators=(",", ":")) for n in [5, 6, 7])
    head = subprocess.run(["curl", "--silent", "--head", f"{url}/5"], capture_output=True, text=True, timeout=LONG_ENOUGH_S)
    assert head.stdout.startswith("HTTP/1.1 200 OK")
    assert stop(server)["accepted"] == 2


@pytest.mark.parametrize("command", [["wrk", "--threads=1", "--connections=4", "--duration=1s"],
                                     ["h2load", "--h1", "--threads=1", "--clients=4", "--requests=400", "--max-concurrent-streams=4"]],
                         ids=lambda command: command[0])
def test_load_generators_see_no_error(server, command):
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([*command, f"http://127.0.0.1:{server.port}/3"], capture_output=True, text=True, timeout=LONG_ENOUGH_S)
    assert done.returncode == 0, done.stderr
    assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout
    if command[0] == "h2load":
        assert "400 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout
    assert stop(server)["requests"] > 0
