"""Draws the dashboards from what `dashboards.sample` found: `python drawing.py sample.json FOLDER`, with matplotlib."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

COLUMNS = 2
UNITS = {"reqps": "a second", "ops": "a second", "s": "seconds", "percentunit": "share", "bytes": "bytes", "Bps": "B/s"}


def main(source: str, folder: str) -> None:
    for name, panels in json.loads(Path(source).read_text()).items():
        rows = -(-len(panels) // COLUMNS)
        figure = Figure(figsize=(12, 2.3 * rows))
        axes = [*figure.subplots(rows, COLUMNS, squeeze=False).flat]
        for axis, panel in zip(axes, panels, strict=False):
            draw(axis, panel)
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        figure.tight_layout()
        figure.savefig(Path(folder) / f"{name}.png", dpi=70)


def draw(axis: Any, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        for series in target["series"]:
            label = target["legend"]
            for name in re.findall(r"\{\{(\w+)\}\}", label):
                label = label.replace("{{" + name + "}}", series["metric"].get(name, ""))
            start = series["values"][0][0]
            axis.plot([at - start for at, _ in series["values"]], [float(value) for _, value in series["values"]], label=label)
    axis.set_title(panel["title"], fontsize=9)
    axis.set_ylabel(UNITS.get(panel["unit"], ""), fontsize=7)
    axis.set_ylim(bottom=0)
    axis.tick_params(labelsize=7)
    axis.grid(alpha=0.3)
    if axis.lines:
        axis.legend(fontsize=6, loc="upper left", ncols=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
