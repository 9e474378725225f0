"""The command line of the process contract."""
from .parameters import JOBS, all_parameters


class Refused(Exception):
    """Ends the program with one `error` line: status 2 usage, 3 this machine or runtime cannot, 1 anything else."""

    def __init__(self, reason, hint="", status=1):
        super().__init__(reason)
        self.hint, self.status = hint, status


def misused(reason, hint=""):
    return Refused(reason, hint, status=2)


def unable(reason, hint=""):
    return Refused(reason, hint, status=3)


class Request:
    """What the program was asked to run."""

    def __init__(self):
        self.workload, self.workers, self.values = "", 1, {}
        self.address, self.port, self.backend_port = "127.0.0.1", 0, 0
        self.rounds_per_us, self.loop_lag_ms = 1, 0
        self.min_time_s, self.hold = 0.5, False


def whole(option, text, lowest, highest):
    if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
        raise misused(f"{option} must be a whole number from {lowest} to {highest}, not '{text}'")
    return int(text)


def seconds(option, text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 86400:
        raise misused(f"{option} must be seconds above 0, not '{text}'")
    return value


def endpoint(text):
    address, colon, port = text.rpartition(":")
    if not colon:
        raise misused(f"--listen takes ADDRESS:PORT, not '{text}'")
    parts = address.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts):
        raise misused(f"--listen takes a numeric IPv4 address, not '{address}'")
    return address, whole("--listen: the port", port, 0, 65535)


def parse(verb, words, program):
    """The request of `serve` or `job`. Raises Refused."""
    request, settings, pending = Request(), [], iter(words)
    for option in pending:
        if not option.startswith("--"):
            raise misused(f"unexpected '{option}'")
        text = next(pending, None)
        if text is None:
            raise misused(f"{option} lacks its value")
        if option == "--workload":
            request.workload = text
        elif option == "--workers":
            request.workers = whole(option, text, 1, 1024)
        elif option == "--rounds-per-us":
            request.rounds_per_us = whole(option, text, 1, 10**9)
        elif option == "--set":
            settings.append(text)
        elif verb == "serve" and option == "--listen":
            request.address, request.port = endpoint(text)
        elif verb == "serve" and option == "--loop-lag-ms":
            request.loop_lag_ms = whole(option, text, 1, 60_000)
        elif verb == "serve" and option == "--backend-port":
            request.backend_port = whole(option, text, 1, 65535)
        elif verb == "job" and option == "--min-time":
            request.min_time_s = seconds(option, text)
        elif verb == "job" and option == "--hold":
            request.hold = whole(option, text, 0, 1) == 1
        else:
            raise misused(f"unknown option '{option}' of {verb}")
    check_workload(verb, request, program)
    set_values(request, settings, program)
    return request


def check_workload(verb, request, program):
    if not request.workload:
        raise misused("--workload is missing")
    if request.workload not in program.workloads:
        raise misused(f"unknown workload '{request.workload}'; there are: {', '.join(sorted(program.workloads))}")
    verb_of_it = "job" if request.workload in JOBS else "serve"
    if verb_of_it != verb:
        raise misused(f"{request.workload} is run by '{verb_of_it}'")
    if request.workers > program.workers_max:
        raise unable(f"{program.name} has at most {program.workers_max} workers", program.workers_hint)


def set_values(request, settings, program):
    known = {each.name: each for each in all_parameters(request.workload, program.parameters)}
    request.values = {name: each.default for name, each in known.items()}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise misused(f"--set takes NAME=VALUE, not '{setting}'")
        if name not in known:
            raise misused(f"{request.workload} has no parameter '{name}'; there are: {', '.join(known)}")
        try:
            request.values[name] = known[name].parse(text)
        except ValueError as refusal:
            raise misused(str(refusal)) from None
