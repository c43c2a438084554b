"""What the shell is offered where Tab is pressed: scenario files, the keys that `--set` may change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

ENDINGS = (".yaml", ".yml")


def scenario_files(incomplete: str) -> list[str]:
    """YAML files whose path begins so; those of a folder rather than the folder, whose slash a shell would end with a space."""
    parent = Path(incomplete).parent if not incomplete.endswith("/") else Path(incomplete)
    if not parent.is_dir():
        return []
    found = [inner for path in parent.iterdir() for inner in (path.iterdir() if _open(path) else (path,))]
    named = (str(path) for path in found if path.suffix in ENDINGS)
    return sorted(path for path in named if path.startswith(incomplete.removeprefix("./")))


def _open(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def set_keys(ctx: typer.Context, incomplete: str) -> list[str]:
    """`KEY=` for each value of the scenario that stands on the command line already."""
    from optimizer.edge.scenario_file import read_scenario  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.errors import BursarError  # noqa: PLC0415

    # While `--set` still lacks its value, what stands before it is not yet told apart.
    words = [ctx.params.get("scenario"), *ctx.args]
    scenario = next((Path(str(word)) for word in words if word is not None and Path(str(word)).suffix in ENDINGS), None)
    if scenario is None:
        return []
    try:
        plain = read_scenario(scenario).resolved()
    except BursarError:
        return []
    return [key for key in _keys(plain, "") if key.startswith(incomplete)]


def _keys(value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict | list):
        yield f"{place}="
        return
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _keys(part, f"{place}.{key}" if place else str(key))
