"""The parameters of the workloads and of the runtimes: names, defaults and ranges as in the workloads' headers."""


class Parameter:
    """One with `choices` takes a word; any other a whole number from `min` to `max`."""

    def __init__(self, name, unit, default, min=0, max=0, about="", choices=()):
        self.name, self.unit, self.default, self.about = name, unit, default, about
        self.min, self.max, self.choices = min, max, choices

    def parse(self, text):
        """The value that `text` means; raises ValueError with a sentence."""
        if self.choices:
            if text in self.choices:
                return text
            raise ValueError(f"{self.name} must be one of {', '.join(self.choices)}, not '{text}'")
        is_number = text.isascii() and text.removeprefix("-").isdigit()
        if not is_number or not self.min <= int(text) <= self.max:
            raise ValueError(f"{self.name} must be a whole number from {self.min} to {self.max}, not '{text}'")
        return int(text)

    def described(self):
        last = len(self.choices) - 1
        return {"name": self.name, "unit": self.unit, "default": self.default, "about": self.about,
                "min": 0 if self.choices else self.min, "max": last if self.choices else self.max,
                "choices": list(self.choices)}


LONGEST_US = 60_000_000


def _delay_us(default):
    return Parameter("delay_us", "us", default, 1, LONGEST_US)


WORKLOAD_PARAMETERS = {
    "echo": [Parameter("size", "bytes", 64, 1, 1 << 20)],
    "rpc": [Parameter("size", "bytes", 1024, 1, 1 << 20)],
    "http": [Parameter("body_bytes", "bytes", 64, 32, 65536)],
    "delay": [_delay_us(10_000)],
    "chain": [Parameter("waits", "", 3, 1, 1000), _delay_us(10_000)],
    "tail": [Parameter("slow_us", "us", 5_000, 1, LONGEST_US)],
    "deadline": [_delay_us(10_000), Parameter("deadline_us", "us", 20_000, 1, LONGEST_US),
                 Parameter("late_percent", "percent", 10, 0, 100)],
    "fan_out": [Parameter("width", "", 16, 1, 1000), _delay_us(10_000), Parameter("fail_percent", "", 0, 0, 100),
                Parameter("levels", "", 1, 1, 2)],
    "pool": [Parameter("pool_size", "", 10, 1, 10_000), _delay_us(1_000), Parameter("overflow", "", 0, 0, 10_000)],
    "overload": [Parameter("policy", "", "shed", choices=("queue", "shed")), Parameter("slots", "", 8, 1, 100_000),
                 Parameter("service_us", "us", 5_000, 1, LONGEST_US), Parameter("queue", "", 16, 0, 1_000_000)],
    "mixed": [Parameter("heavy_percent", "percent", 10, 0, 99), Parameter("cpu_us", "us", 1000, 1, 1_000_000),
              Parameter("heavy", "", "inline", choices=("inline", "offload")),
              Parameter("work", "", "cpu", choices=("cpu", "block"))],
    "idle": [Parameter("idle_connections", "", 1_000, 0, 1_000_000)],
    "cpu_request": [Parameter("cpu_ns", "ns", 10_000, 100, 1_000_000_000)],
    "churn": [Parameter("requests", "", 1, 1, 1_000_000)],
    "stream": [Parameter("direction", "", "down", choices=("down", "up", "both")),
               Parameter("chunk_bytes", "bytes", 65_536, 8, 1 << 20)],
    "file": [Parameter("read_bytes", "bytes", 4096, 1, 1 << 20)],
    "service": [Parameter("distribution", "", "exponential", choices=("fixed", "exponential", "bimodal")),
                Parameter("mean_ns", "ns", 100_000, 100, 100_000_000)],
    "backlog": [Parameter("policy", "", "shed", choices=("queue", "shed")), Parameter("slots", "", 8, 1, 100_000),
                Parameter("service_us", "us", 5_000, 1, LONGEST_US), Parameter("queue", "", 16, 0, 1_000_000),
                Parameter("size", "bytes", 1024, 1, 1 << 20)],
    "sleepers": [Parameter("tasks", "", 1000, 0, 4_000_000),
                 Parameter("buffer", "", "none", choices=("none", "live_1k"))],
}
JOBS = frozenset({"sleepers"})
ABSENT = {"broadcast": "not written in Python: its sessions answer their own connection, and none writes to all"}
NETWORK = tuple(WORKLOAD_PARAMETERS.keys() - JOBS)


def all_parameters(workload, own):
    """Those of the workload, then the runtime's own."""
    return [*WORKLOAD_PARAMETERS[workload], *own]
