"""The workload http as clients that are not ours see it: curl, Python's http.client, wrk, h2load."""
import concurrent.futures
import http.client
import json
import shutil
import socket
import subprocess

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, RUNTIMES

DOCUMENT_BYTES = 64


@pytest.fixture(params=RUNTIMES)
def server(request):
    name = request.param
    process = subprocess.Popen([BUILD / "runtimes" / name / name, "serve", "--workload", "http"], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ready = json.loads(process.stdout.readline())
    if ready["event"] == "error":
        process.wait(LONG_ENOUGH_S)
        pytest.skip(f"{name}: {ready['reason']}")
    process.port = ready["port"]
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
    for sent, status in [(b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\n\r\n", b"400"),
                         (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 10_000, b"431"),
                         (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", b"501")]:
        assert talk(server.port, sent).startswith(b"HTTP/1.1 " + status), sent
    counters = stop(server)
    assert (counters["requests"], counters["errors"]) == (4, 4)


def test_pipelined_requests_of_many_connections(server):
    requests = 200
    sent = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(requests - 1))
    sent += b"GET /0 HTTP/1.0\r\n\r\n"
    connections = 8
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        for got in pool.map(lambda _: talk(server.port, sent), range(connections)):
            bodies = [part.split(b"\r\n\r\n")[1] for part in got.split(b"HTTP/1.1 200 OK")[1:]]
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
