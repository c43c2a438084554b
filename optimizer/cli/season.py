"""Simulate-season: what pacing a season is worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from optimizer.cli.shared import Allow, Json, Quiet, ScenarioFile, Set, Verbose, clean_stdout, log, print_json, tell

app = typer.Typer()


@app.command(
    "simulate-season",
    epilog="Example: bursar simulate-season scenarios/season.yaml --seasons 5\n\n"
    "Where applicants become better than those of the past: bursar simulate-season scenarios/season.yaml --drift 1",
)
def simulate_season(  # noqa: PLR0913, PLR0917 — each is an option of its own
    scenario: ScenarioFile,
    seasons: Annotated[int, typer.Option(help="How many are simulated.")] = 20,
    nights: Annotated[int, typer.Option(help="In each season.")] = 180,
    arrivals: Annotated[int | None, typer.Option(help="How many come; as many as are expected.")] = None,
    drift: Annotated[float, typer.Option(help="How fast arrivals become better than the pool, or worse (below 0).")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Also write every season there.")] = None,
    set_: Set = None,
    allow_module: Allow = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Replay seasons of arrivals night by night, beside the best plan in hindsight, first come first served, and equal shares."""
    from optimizer.edge.outputs import write_frontier  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.edge.terminal import show_study, stages  # noqa: PLC0415
    from optimizer.options import Options  # noqa: PLC0415
    from optimizer.studies.season import READ, Replay, simulate_scenario, summary  # noqa: PLC0415

    log(verbose=verbose, quiet=quiet)
    with clean_stdout() as stdout:
        with stages() as progress:
            options = Options(overrides=set_ or (), allow_modules=allow_module or (), progress=progress)
            replay = Replay(seasons=seasons, nights=nights, arrivals=arrivals, drift=drift, seed=seed)
            table = simulate_scenario(scenario, replay, options)
        if out is not None:
            write_frontier(table, out)
        if as_json:
            print_json(stdout, json.loads(summary(table).to_json(orient="records", double_precision=15)))
        else:
            tell(stdout, lambda console: show_study(summary(table), READ, console), out=out, quiet=quiet)
