"""The server's largest proportional set size against the number of connections."""

from matplotlib.figure import Figure

from ..lines import draw_against
from ..record import Results

TITLE = "Memory against connections"
PLACE = 32


def draw(results: Results) -> Figure:
    return draw_against(results, parameter="connections", metric="pss_bytes_peak",
                        divisor=2**20, title=TITLE, y_label="peak PSS of the server, MiB")
