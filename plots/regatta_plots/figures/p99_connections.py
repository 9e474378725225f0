"""The 99th percentile of latency against the number of connections."""

from matplotlib.figure import Figure

from ..lines import draw_against
from ..record import Results

TITLE = "p99 latency against connections"
PLACE = 11


def draw(results: Results) -> Figure:
    return draw_against(results, parameter="connections", metric="latency_ns_p99", divisor=1e3,
                        title=TITLE, y_label="p99 latency, µs")
