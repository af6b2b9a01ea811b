"""The pictures of the page ``chat_forecast/docs/cost.md``: what each work costs at several sizes.

``python -m chat_forecast_tests.benchmarks.draw_growth`` draws ``growth.csv`` anew, a picture a work, into
``chat_forecast/docs/cost/``. Each line of the file is a figure that a benchmark printed: the work, the size, the value. A
work whose values are empty is not measured yet, and has no picture. After measuring again, write the new figures there and
run it.

Both axes begin at 0, so that what is in proportion to the size lies on a straight line, which is drawn behind it: through
the smallest and the largest size.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from chat_forecast import docs

FIGURES = Path(__file__).with_name("growth.csv")
PICTURES = Path(docs.__file__).parent / "cost"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 440, 214, 58, 44, 46, 46
DIGIT, ROW = 7, 13
"""What a digit takes across, and a line of text down."""
FEWEST_SIZES = 3
INK, LINE, FAINT = "#444", "#2a6fbb", "#bbb"


@dataclass(frozen=True)
class Work:
    """What a picture shows."""

    title: str
    size: str
    value: str


WORKS = {
    "import": Work("Importing an export", "messages", "processor seconds"),
    "import_memory": Work("Importing an export", "messages", "peak MB"),
    "great_day": Work("Reading one day from Telegram", "messages", "processor seconds"),
    "history": Work("A backfill without a training", "days", "processor seconds"),
    "backfill": Work("A backfill with a training a day", "days", "processor seconds"),
    "nights": Work("One night of each chat inside up", "chats", "seconds"),
    "disk": Work("Dagster, MLflow and partitions", "nights", "MB"),
    "status": Work("status, each chat of 3 years", "chats", "processor seconds"),
    "show": Work("show, beside chats of 3 years", "chats", "processor seconds"),
    "report": Work("report of one chat, beside chats of 3 years", "chats", "processor seconds"),
    "plot": Work("A plot of a stored day", "chats", "seconds"),
    "lineage": Work("The lineage page of a chat in a browser", "chats", "seconds"),
    "queue": Work("A queued run, until it starts", "chats", "seconds"),
}
"""Column ``work`` of the file -> what it is."""


def figures() -> dict[str, list[tuple[float, float]]]:
    """The measured works, each with its sizes and values, ascending."""
    found = defaultdict(list)
    with FIGURES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["value"]:
                found[row["work"]].append((float(row["size"]), float(row["value"])))
    return {work: sorted(points) for work, points in found.items()}


def draw(work: str, points: list[tuple[float, float]]) -> str:
    """One picture, as SVG."""
    widest, highest = max(size for size, _ in points), max(value for _, value in points)

    def place(size: float, value: float) -> tuple[str, str]:
        across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return f"{LEFT + across * size / widest:.1f}", f"{HEIGHT - BOTTOM - down * value / (highest * 1.1):.1f}"

    (x0, y0), (x1, y1) = place(*points[0]), place(*points[-1])
    path = " ".join(",".join(place(*point)) for point in points)
    shown = WORKS[work]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="11" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="14" font-size="13">{shown.title}</text>',
        f'<text x="{LEFT}" y="28">{shown.value}, by {shown.size}</text>',
        f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" stroke="{FAINT}"/>',
        f'<path d="M{x0} {y0}L{x1} {y1}" stroke="{FAINT}" stroke-dasharray="4 3"/>',
        f'<polyline points="{path}" fill="none" stroke="{LINE}" stroke-width="2"/>',
    ]
    free = 0.0
    for size, value in points:
        (x, y), label = place(size, value), f"{size:,.0f}"
        half = len(label) * DIGIT / 2
        is_below = float(x) - half < free  # the label of the size before stands there
        free = free if is_below else float(x) + half
        parts.append(f'<circle cx="{x}" cy="{y}" r="3.5" fill="{LINE}"/>')
        parts.append(f'<text x="{x}" y="{float(y) - 8:.1f}" text-anchor="middle">{value:,.4g}</text>')
        parts.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 16 + is_below * ROW}" text-anchor="middle">{label}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Draw every work that is measured."""
    PICTURES.mkdir(exist_ok=True)
    for work, points in figures().items():
        (PICTURES / f"{work}.svg").write_text(draw(work, points), encoding="utf-8")


if __name__ == "__main__":
    main()
