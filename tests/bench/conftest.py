"""What the benchmarks measured goes to benchmarks.md, a table that is not published (README, licence facts)."""

from pathlib import Path

import pytest

ROWS = []


@pytest.fixture
def record(request):
    """Keep one line of the table: the benchmark's name and its figures."""

    def keep(**figures):
        ROWS.append((request.node.name, figures))

    return keep


def pytest_sessionfinish():
    if ROWS:
        lines = [
            f"| {name} | {', '.join(f'{what} {figure:.4g}' for what, figure in figures.items())} |" for name, figures in ROWS
        ]
        table = "\n".join(["| benchmark | figures, from one run |", "| --- | --- |", *lines])
        (Path(__file__).parents[2] / "benchmarks.md").write_text(table + "\n", encoding="utf-8")
