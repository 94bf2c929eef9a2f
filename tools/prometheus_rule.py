"""Writes the rules of deploy/monitoring as the Prometheus operator takes them, for kustomize and for the chart.

`python -m tools.prometheus_rule`; a test compares the three.
"""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "deploy/monitoring/prometheus/rules"
KUSTOMIZE = ROOT / "deploy/kubernetes/components/monitoring/prometheus-rule.yaml"
CHART = ROOT / "deploy/helm/gazette/files/rules.yaml"
NOTE = "# Written from deploy/monitoring/prometheus/rules by `python -m tools.prometheus_rule`.\n"


def groups() -> dict[str, Any]:
    """All groups of all files, those of recorded figures first."""
    files = sorted(RULES.glob("*.yml"), key=lambda file: (file.stem != "recording", file.stem))
    return {"groups": [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]}


def written(value: Any) -> str:
    return NOTE + yaml.safe_dump(value, sort_keys=False, width=120, allow_unicode=True)


def texts() -> dict[Path, str]:
    rule = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "gazette"}}
    return {KUSTOMIZE: written({**rule, "spec": groups()}), CHART: written(groups())}


def main() -> None:
    for path, text in texts().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
