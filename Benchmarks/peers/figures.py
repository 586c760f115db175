"""Figures from samples, and how they are written in a table."""
import math
import statistics


def percentile(sorted_values, share):
    """The smallest of the values that at least `share` (0 ... 1) of all do not exceed; NaN without values."""
    if not sorted_values:
        return math.nan
    return sorted_values[max(0, math.ceil(len(sorted_values) * share) - 1)]


def number(value):
    """Three significant figures at most below 1000, groups of thousands above, a dash for no value."""
    if value is None or math.isnan(value):
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(values):
    """`median (least to most)`."""
    values = [value for value in values if value is not None and not math.isnan(value)]
    if not values:
        return "–"
    if len(values) == 1:
        return number(values[0])
    return f"{number(statistics.median(values))} ({number(min(values))} to {number(max(values))})"


def middle(values):
    values = [value for value in values if value is not None and not math.isnan(value)]
    return statistics.median(values) if values else math.nan


def ratio(value, base):
    """How many times `base`: `3.1 ×`, a dash where one of them is missing."""
    if math.isnan(value) or math.isnan(base) or base <= 0:
        return "–"
    return f"{value / base:.1f} ×"


def table(head, rows):
    """A Markdown table; the first column is text, the others are figures."""
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])
