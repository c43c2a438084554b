"""`summary.json` and `frontier.csv`: the figures of a plan that its report shows and that no other file of the run holds."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from optimizer.errors import VerificationError
from optimizer.problem.certificate import Certificate
from optimizer.problem.result import Summary

PROVEN = ("units", "recipients", "spent", "expected_cost", "without", "value", "bound", "bound_source", "usage", "then")
"""What a summary repeats of the certificate."""


def summary_json(summary: Summary) -> str:
    """The summary as JSON; an infinite gap is null."""
    plain = asdict(summary) | {"gap": summary.gap if math.isfinite(summary.gap) else None}
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


def read_summary(path: Path, certificate: Certificate) -> Summary:
    """The summary of a run, which says what its certificate says.

    Raises
    ------
    VerificationError
        If it is not as a run writes it, or differs from the certificate.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        summary = TypeAdapter(Summary).validate_python(plain | {"gap": math.inf if plain["gap"] is None else plain["gap"]})
    except (ValueError, KeyError, TypeError, ValidationError) as wrong:
        raise VerificationError(f"{path}: is not as a run writes it ({wrong}); solve again") from wrong
    for name in PROVEN:
        said, proven = getattr(summary, name), getattr(certificate, name)
        if said != (dict(proven) if name == "usage" else proven):
            raise VerificationError(f"{path}: {name} is {said}, and {proven} in the certificate; solve again")
    return summary


def read_frontier(path: Path) -> pd.DataFrame:
    """The plans of other budgets, as they were written, to the last digit."""
    text = pd.read_csv(path, dtype=str)
    whole = {name: text[name].astype("Int64") for name in ("spent", "recipients")}
    exact = {
        name: text[name].map(float, na_action="ignore").astype(float) for name in ("value", "uplift", "price", "bound", "gap")
    }
    return text.assign(figure=text["figure"].map(int), feasible=text["feasible"] == "True", **whole, **exact)
