"""Replies per second against the number of connections."""

from matplotlib.figure import Figure

from ..lines import draw_against
from ..record import Results

TITLE = "Throughput against connections"
PLACE = 10


def draw(results: Results) -> Figure:
    return draw_against(results, parameter="connections", metric="throughput_per_s", divisor=1,
                        title=TITLE, y_label="replies per second")
