"""Evaluate and study: would it hold?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from optimizer.cli.completing import scenario_files
from optimizer.cli.shared import Allow, Json, Quiet, ScenarioFile, Set, Verbose, clean_stdout, log, print_json, tell, written

app = typer.Typer()

STUDIES = ("transfer-1", "transfer-2", "ihdp", "kinds", "caution")
"""As in `optimizer.studies.study`, which is heavy."""


def _studies(incomplete: str) -> list[str]:
    return [name for name in STUDIES if name.startswith(incomplete)]


@app.command(
    epilog="Example: bursar evaluate scenarios/hiv_incentives.yaml --cluster villnum\n\n"
    "Awards given by lot to half: bursar evaluate scenario.yaml --propensity known:0.5 --out judged.json"
)
def evaluate(  # noqa: PLR0913, PLR0917 — each is an option of its own
    scenario: ScenarioFile,
    folds: Annotated[int, typer.Option(min=2, help="In how many parts history is cut.")] = 5,
    cluster: Annotated[str | None, typer.Option(metavar="COLUMN", help="Of history: equal ones belong together.")] = None,
    propensity: Annotated[
        str, typer.Option(metavar="CHANCES", help="Of history's awards: estimated, shares, or known:0.5 for that of any award.")
    ] = "estimated",
    plan: Annotated[Path | None, typer.Option(metavar="FILE", help="Compare with it: id and amount of past units.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="Also write all figures there.")] = None,
    set_: Set = None,
    allow_module: Allow = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Value the plan by the outcomes that history records, beside simpler rules: would it really bring more?"""
    from optimizer.edge.outputs import write_json  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.edge.show_evaluation import show_evaluation  # noqa: PLC0415
    from optimizer.edge.terminal import stages  # noqa: PLC0415
    from optimizer.evaluating.evaluate import evaluate as run  # noqa: PLC0415
    from optimizer.options import Options  # noqa: PLC0415

    log(verbose=verbose, quiet=quiet)
    with clean_stdout() as stdout:
        with stages() as progress:
            options = Options(overrides=set_ or (), allow_modules=allow_module or (), progress=progress)
            found = run(scenario, folds=folds, cluster=cluster, propensity=propensity, plan=plan, options=options)
            if out is not None:
                write_json(found.document(), out)
        with written(out):
            if as_json:
                print_json(stdout, found.document())
            else:
                tell(stdout, lambda console: show_evaluation(found, console), out=out, quiet=quiet)


@app.command(
    epilog="Example: bursar study kinds scenarios/scholarship.yaml\n\nA published one: bursar study transfer-1 --small --reps 5"
)
def study(  # noqa: PLR0913, PLR0917 — each is an option of its own
    name: Annotated[
        str, typer.Argument(metavar="NAME", help=f"{', '.join(STUDIES[:-1])} or {STUDIES[-1]}.", autocompletion=_studies)
    ],
    scenario: Annotated[
        Path, typer.Argument(metavar="SCENARIO.yaml", help="For kinds.", show_default=False, autocompletion=scenario_files)
    ] = Path("scenarios/scholarship.yaml"),
    data: Annotated[Path | None, typer.Option(metavar="PATH", help="For ihdp: the train .npz, or .csv files.")] = None,
    preset: Annotated[str, typer.Option(help="For ihdp: ihdp, ihdp-cfr-mmd or ihdp-cfr-wass.")] = "ihdp",
    reps: Annotated[int | None, typer.Option(min=1, help="Replications of transfer or ihdp.")] = None,
    seed: Annotated[int, typer.Option(help="Of the first replication.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="For transfer: processes at once.")] = 1,
    small: Annotated[bool, typer.Option("--small", help="For transfer: a part of the cells.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Also write the table there.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Run a published study of the models again, or compare all kinds of model where the truth is known."""
    from optimizer.edge.outputs import write_frontier  # noqa: PLC0415 — heavy, and `--help` must be quick
    from optimizer.edge.terminal import show_study, stages  # noqa: PLC0415
    from optimizer.studies.study import Choices  # noqa: PLC0415
    from optimizer.studies.study import study as run  # noqa: PLC0415

    log(verbose=verbose, quiet=quiet)
    with clean_stdout() as stdout:
        with stages() as progress:
            choices = Choices(
                scenario=scenario, data=data, preset=preset, reps=reps, seed=seed, jobs=jobs, small=small, progress=progress
            )
            found = run(name, choices)
            if out is not None:
                write_frontier(found.table, out)
        with written(out):
            if as_json:
                rows = json.loads(found.table.to_json(orient="records", double_precision=15))
                print_json(stdout, {"study": name, "notes": found.notes, "rows": rows})
            else:
                tell(stdout, lambda console: show_study(found.text or found.table, found.notes, console), out=out, quiet=quiet)
