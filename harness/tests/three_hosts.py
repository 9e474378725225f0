"""Three hosts on one machine: h0, h1 and h2 are network namespaces on one bridge, each with a name of its own, and, where
asked for, a clock of its own. Runs inside `unshare` (see `three_hosts` in three_hosts_fixtures.py), where it is init: at
its end nothing of it is left.

    three_hosts.py OUT SETTINGS COMMAND...

Runs COMMAND on h0 and prints one JSON object: how it ended, and what it left behind. SETTINGS is a JSON object:
`clocks` (seconds that h1's and h2's CLOCK_MONOTONIC are ahead), `fault` and `host` (what happens to whom under load).
"""
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys
import time

NETWORK = "10.77.0"
LONG_ENOUGH_S = 200


def call(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def start_host(name, number, seconds_ahead):
    """A process that holds the namespaces of a host; gives its pid."""
    clock = ["--time", f"--monotonic={seconds_ahead}"] if seconds_ahead else []
    read_end, write_end = os.pipe()
    subprocess.Popen(["unshare", "--net", "--uts", *clock, "--fork", "--kill-child", "sh", "-c",
                      f"hostname {name}; echo $$ >&{write_end}; exec sleep infinity"], pass_fds=[write_end])
    pid = int(os.read(read_end, 100))
    call("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
    call("ip", "link", "set", name, "master", "br0", "up")
    for words in (["addr", "add", f"{NETWORK}.1{number}/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
                  ["link", "set", "lo", "up"]):
        call("nsenter", "--target", str(pid), "--net", "ip", *words)
    return pid


def start_hosts(folder, clocks):
    call("hostname", "h0")
    # Nobody asks a name server that cannot be reached from here.
    for name, text in (("hosts", "".join(f"{NETWORK}.{n} h{i}\n" for i, n in enumerate((1, 11, 12)))),
                       ("resolv.conf", ""), ("nsswitch.conf", "hosts: files\n")):
        folder.joinpath(name).write_text("127.0.0.1 localhost\n" * (name == "hosts") + text)
        if pathlib.Path("/etc", name).exists():
            call("mount", "--bind", str(folder / name), f"/etc/{name}")
    call("ip", "link", "set", "lo", "up")
    call("ip", "link", "add", "br0", "type", "bridge")
    call("ip", "addr", "add", f"{NETWORK}.1/24", "dev", "br0")
    call("ip", "link", "set", "br0", "up")
    hosts = {f"h{n}": start_host(f"h{n}", n, ahead) for n, ahead in zip((1, 2), clocks)}
    # What mpirun takes for ssh.
    agent = folder / "agent.sh"
    cases = "".join(f"{name}) pid={pid} ;;\n" for name, pid in hosts.items())
    agent.write_text(f'#!/bin/sh\ncase $1 in\n{cases}*) exit 1 ;;\nesac\nshift\n'
                     f'exec nsenter --target "$pid" --net --uts {"--time" if any(clocks) else ""} sh -c "$*"\n')
    agent.chmod(agent.stat().st_mode | stat.S_IXUSR)
    os.environ.update({"OMPI_MCA_plm_rsh_agent": str(agent), "OMPI_MCA_plm_rsh_no_tree_spawn": "1",
                       "OMPI_MCA_btl_tcp_if_include": f"{NETWORK}.0/24", "OMPI_MCA_oob_tcp_if_include": f"{NETWORK}.0/24"})
    return hosts


def processes():
    """(pid, program, arguments, network namespace) of every process here."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = entry.joinpath("cmdline").read_bytes().decode().split("\0")
                if entry.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    found.append((int(entry.name), os.path.basename(words[0]), words, os.readlink(entry / "ns/net")))
            except OSError:
                continue
    return found


def established(pid):
    try:
        return sum(line.split()[3] == "01" for line in pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:])
    except OSError:
        return 0


def on_host(program, host_pid):
    net = os.readlink(f"/proc/{host_pid}/ns/net")
    return [pid for pid, name, _, where in processes() if name == program and where == net]


def wait_for(condition, what, run):
    deadline = time.monotonic() + LONG_ENOUGH_S
    while not (found := condition()):
        if run.poll() is not None:
            raise SystemExit(f"{what} did not come: {run.communicate()}")
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not come in time")
        time.sleep(0.05)
    return found


def under_load(hosts, server, run):
    """Waits until both hosts have generators whose connections are open and, to judge by the server's CPU, in use."""
    for pid in hosts.values():
        wait_for(lambda pid=pid: on_host("regatta-load", pid) and established(pid) >= 4, "load", run)
    used = [0.0]

    def is_working():
        before, used[0] = used[0], sum(
            sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
            for pid, _, words, _ in processes() if "serve" in words)
        return before and used[0] > before + 1
    wait_for(is_working, "work of the server", run)


def inject(fault, host, hosts):
    """Gives the pids that were stopped."""
    if fault == "link":
        call("ip", "link", "set", host, "down")
        return
    if fault == "coordinator":
        net = os.readlink("/proc/self/ns/net")
        victims = [pid for pid, name, _, where in processes() if name == "regatta-load-mpi" and where == net]
    else:
        program = "regatta-load-mpi" if fault.endswith("rank") else "regatta-load"
        victims = on_host(program, hosts[host])
    for pid in victims:
        os.kill(pid, signal.SIGSTOP if fault.startswith("stop") else signal.SIGKILL)


def main():
    out, settings, command = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
    out.mkdir(parents=True, exist_ok=True)
    # Our own, where sockets' names are short: in /tmp another user may have what Open MPI wants to make.
    # The same where memory is shared, whose names are those of another such test: hosts, users and jobs are named alike.
    for own in ("/run", "/dev/shm"):
        if os.path.isdir(own):
            call("mount", "-t", "tmpfs", "tmpfs", own)
    os.environ["TMPDIR"] = "/run"
    hosts = start_hosts(out, settings.get("clocks", [0, 0]))
    before = {pid for pid, *_ in processes()}
    run = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    begin = None
    if settings.get("fault"):
        under_load(hosts, None, run)
        inject(settings["fault"], settings.get("host"), hosts)
        begin = time.monotonic()
    stdout, stderr = run.communicate(timeout=LONG_ENOUGH_S)
    seconds = None if begin is None else time.monotonic() - begin

    def left():
        return [" ".join(words) for pid, name, words, _ in processes() if pid not in before and name]
    deadline = time.monotonic() + 15
    while left() and time.monotonic() < deadline:
        time.sleep(0.1)
    print(json.dumps({"status": run.returncode, "stdout": stdout, "stderr": stderr, "seconds": seconds, "left": left(),
                      "seconds_until_gone": None if begin is None else time.monotonic() - begin,
                      "host": socket.gethostname()}))


if __name__ == "__main__":
    main()
