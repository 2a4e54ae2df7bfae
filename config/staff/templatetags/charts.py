"""Stacked bars drawn by the server: inline SVG, no script needed, no style attribute that the CSP would refuse."""

from __future__ import annotations

from django import template

from config.staff.templatetags.handout import OWN, channel_series

register = template.Library()

HEIGHT, TOP, BOTTOM = 220, 8, 24
PLOT = HEIGHT - TOP - BOTTOM


@register.inclusion_tag("staff/charts/stacked_bars.html")
def stacked_bars(chart: dict, label: str) -> dict:
    """`chart`: {"labels": [date, …], "series": [{"name": str, "values": [int, …]}, …]}, one value a label.
    `called` is what the labels are, if not days.

    A series has the colour of the channel of its name, or names one itself ("n": 1 to 12).
    """
    days = chart["labels"]
    series = _coloured(chart)
    totals = [sum(s["values"][i] for s in series) for i in range(len(days))]
    top, step = _scale(max(totals, default=0))
    slot = 100 / max(len(days), 1)
    every = max(1, -(-len(days) // 8))
    columns = []
    for i, day in enumerate(days):
        y, segments = float(TOP + PLOT), []
        for s in series:
            if value := s["values"][i]:
                height = value / top * PLOT
                y -= height
                segments.append(
                    {"n": s["n"], "name": s["name"], "value": value, "y": f"{y:.1f}", "h": f"{max(height - 1, 1):.1f}"}
                )
        back = len(days) - 1 - i
        columns.append(
            {
                "day": day,
                "total": totals[i],
                "values": [s["values"][i] for s in series],
                "segments": segments,
                "slot_x": f"{i * slot:.2f}%",
                "x": f"{i * slot + slot * 0.2:.2f}%",
                "middle": f"{(i + 0.5) * slot:.2f}%",
                "tick": "" if back % every else "minor" if back // every % 2 else "major",
            }
        )
    return {
        "label": label,
        "called": chart.get("called", "Day"),
        "series": series,
        "columns": columns,
        "slot": f"{slot:.2f}%",
        "bar": f"{slot * 0.6:.2f}%",
        "height": str(HEIGHT),
        "top": str(TOP),
        "plot": str(PLOT),
        "text_y": str(HEIGHT - 6),
        "grid": [{"value": v, "y": f"{TOP + PLOT - v / top * PLOT:.1f}"} for v in range(0, top + 1, step)],
    }


@register.inclusion_tag("staff/charts/legend.html")
def legend(chart: dict) -> dict:
    return {"series": _coloured(chart)}


def _coloured(chart: dict) -> list[dict]:
    """Two channels of one's own that would share a colour get two: in a chart nothing else tells them apart."""
    taken: set[int] = set()
    coloured = []
    for series in chart["series"]:
        place = series.get("n") or channel_series(series["name"])
        if place in taken and place in OWN:
            place = next((other for other in OWN if other not in taken), place)
        taken.add(place)
        coloured.append({**series, "n": place})
    return coloured


def _scale(highest: int) -> tuple[int, int]:
    """The axis's end and its step (1, 2 or 5 times a power of ten): at most six steps, and at least four."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if highest <= step * 6:
                return max(-(-highest // step), 4 if step == 1 else 1) * step, step
        power *= 10
