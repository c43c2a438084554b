"""A table of past offers → History: the rows whose treatment and outcome are both known, and a count of the others.

A missing outcome or treatment is never imputed: a guessed outcome would teach the model what it already believes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from optimizer.edge.columns import finite, numbers, present, usable_feature
from optimizer.edge.tables import Table
from optimizer.errors import DataError
from optimizer.problem.units import History

NO_OUTCOME = "outcome missing"
NO_TREATMENT = "treatment missing"

WHOLE = 1e-9
"""An amount this close to a whole number, relatively, is that number."""


def history_from(table: Table, *, outcome: str, treatment: str, features: Sequence[str], per: float = 1.0) -> History:
    """Read what is known of past units.

    Parameters
    ----------
    table
        One row a unit.
    outcome
        Column of what happened, numbers or true/false.
    treatment
        Column of the amount received; 0 is control.
    features
        Columns the response model will read.
    per
        Currency units in one unit of the treatment column: 1000 if awards are written in thousands.

    Returns
    -------
    History : every column of the usable rows; `left_out` counts the others, each once, a missing outcome first.

    Raises
    ------
    DataError
        If a column is absent or holds what it cannot, an amount is negative, no row is usable, all treatments or all
        outcomes are equal, or a feature is the outcome or the treatment.
    """
    _check_features(table, outcome, treatment, features)
    happened = numbers(table, outcome, "outcome")
    received = in_currency(numbers(table, treatment, "treatment"), per)
    no_outcome = np.isnan(happened)
    no_treatment = np.isnan(received) & ~no_outcome
    usable = ~no_outcome & ~no_treatment
    left_out = {NO_OUTCOME: int(no_outcome.sum()), NO_TREATMENT: int(no_treatment.sum())}
    if not usable.any():
        raise DataError(f'{table.name}: no row has both "{outcome}" and "{treatment}"; fill them in where they are known')
    for column in (outcome, treatment):
        finite(table, column, usable)
    _check_amounts(table, treatment, received)
    for feature in features:
        usable_feature(table, feature, usable)
    history = History(
        frame=table.frame.loc[usable].reset_index(drop=True),
        features=tuple(features),
        treatment=_read_only(received[usable]),
        outcome=_read_only(happened[usable]),
        left_out={reason: count for reason, count in left_out.items() if count},
        digest=table.digest,
        notes=(*_notes(table, usable, left_out, features), *_means(table.name, received[usable], happened[usable])),
    )
    _check_contrast(history, table.name, outcome=outcome, treatment=treatment)
    return history


def in_currency(received: NDArray[np.float64], per: float) -> NDArray[np.float64]:
    """Amounts in currency units: (n,) × `per`.

    The product is put back on the whole number it stands for: 0.29 × 100 is 28.999999999999996 in binary, and would not
    be the amount 29 that is on offer.
    """
    amounts = received * per
    whole = np.rint(amounts)
    with np.errstate(invalid="ignore"):
        near = np.abs(amounts - whole) <= WHOLE * np.maximum(1.0, np.abs(whole))
    return np.where(near, whole, amounts)


def imputed(table: Table, usable: NDArray[np.bool_], features: Sequence[str]) -> tuple[str, ...]:
    """One sentence for each feature that is missing somewhere among these rows."""
    missing = {feature: int(table.frame[feature].isna().to_numpy()[usable].sum()) for feature in features}
    rows = int(usable.sum())
    return tuple(
        f'{table.name}: feature "{feature}" is missing in {count} of {rows} rows; the model imputes it from history.'
        for feature, count in missing.items()
        if count
    )


def _check_contrast(history: History, name: str, *, outcome: str, treatment: str) -> None:
    """Check that a response can be learned: two treatments, two outcomes, no feature that is empty."""
    rows = f"all {len(history)} usable rows"
    if np.ptp(history.treatment) == 0:
        value = history.treatment[0]
        who = "nobody was treated" if value == 0 else "everybody received the same"
        raise DataError(f'{name}: treatment "{treatment}" is {value:g} in {rows} ({who}); add rows with another amount')
    if np.ptp(history.outcome) == 0:
        raise DataError(f'{name}: outcome "{outcome}" is {history.outcome[0]:g} in {rows}; add rows with another outcome')
    empty = [feature for feature in history.features if history.frame[feature].isna().all()]
    if empty:
        raise DataError(f'{name}: feature "{empty[0]}" is empty in {rows}; leave it out of the features')


def _check_features(table: Table, outcome: str, treatment: str, features: Sequence[str]) -> None:
    present(table, [outcome, treatment, *features])
    for column, role in ((outcome, "outcome"), (treatment, "treatment")):
        if column in features:
            raise DataError(f'{table.name}: feature "{column}" is the {role} itself; leave it out of the features')
    if outcome == treatment:
        raise DataError(f'{table.name}: column "{outcome}" cannot be both outcome and treatment; name two columns')


def _check_amounts(table: Table, treatment: str, received: NDArray[np.float64]) -> None:
    negative = received < 0
    if negative.any():
        worst = table.frame[treatment].iloc[int(np.flatnonzero(negative)[0])]
        raise DataError(
            f'{table.name}: treatment "{treatment}" must not be negative, got {worst:g} {table.rows(negative)}; '
            "write the amount received, 0 for none"
        )


def _notes(table: Table, usable: NDArray[np.bool_], left_out: dict[str, int], features: Sequence[str]) -> tuple[str, ...]:
    gone = {reason: count for reason, count in left_out.items() if count}
    reasons = " and ".join(f"{count} with {reason}" for reason, count in gone.items())
    total = sum(gone.values())
    dropped = f"{table.name}: {total} of {len(usable)} rows left out of the fit: {reasons}."
    return ((dropped,) if gone else ()) + imputed(table, usable, features)


def _means(name: str, received: NDArray[np.float64], happened: NDArray[np.float64]) -> tuple[str, ...]:
    """What happened in either arm: the difference that a model has to explain, before it explains anything."""
    arms = {"without an award": happened[received == 0], "with an award": happened[received > 0]}
    said = [f"{outcomes.mean():.6g} {arm} ({_rows(outcomes.size)})" for arm, outcomes in arms.items() if outcomes.size]
    return (f"{name}: mean outcome {', '.join(said)}.",)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' if count > 1 else ''}"


def _read_only(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values.flags.writeable = False
    return values
