"""A previous plan's table → what each unit was given before; the table is what a run leaves, id and amount among its columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizer.edge.cells import original
from optimizer.edge.columns import numbers, present
from optimizer.edge.tables import read_table
from optimizer.edge.units_from import identifiers
from optimizer.errors import DataError
from optimizer.problem.amounts import LARGEST
from optimizer.problem.result import COLUMNS

ID, AMOUNT = "id", "amount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """What the units were given before.

    Attributes
    ----------
    amount : (n,) int64 currency units; 0 where the previous plan does not have the unit.
    digest : sha256 of the table's content, hexadecimal.
    notes : who is not in both plans.
    """

    amount: NDArray[np.int64]
    digest: str
    notes: tuple[str, ...]


def read_previous(path: Path, ids: NDArray[np.object_]) -> Previous:
    """Read a previous plan, a CSV or Parquet file, and align it with the units of these ids.

    Raises
    ------
    DataError
        If a column is absent, an id stands twice, an amount is not whole, or no unit is in both plans.
    """
    table = read_table(path, text_columns=(ID,))
    if path.suffix.lower() == ".csv" and tuple(table.frame.columns) == COLUMNS:
        # A run wrote it, in cells that no spreadsheet runs.
        table = replace(table, frame=original(table.frame))
    present(table, (ID, AMOUNT))
    before = identifiers(table, ID)
    given = numbers(table, AMOUNT, "the previous award")
    with np.errstate(invalid="ignore"):
        wrong = ~((given >= 0) & (given <= LARGEST) & (given == np.floor(given)))
    if wrong.any():
        first = table.frame[AMOUNT].iloc[int(np.flatnonzero(wrong)[0])]
        raise DataError(
            f'{table.name}: column "{AMOUNT}" must hold whole currency units of at least 0, got {first} {table.rows(wrong)}; '
            "write 0 where nothing was given"
        )
    place = pd.Index(before).get_indexer(pd.Index(ids))
    known = place >= 0
    if not known.any():
        raise DataError(
            f'{table.name}: has none of the {len(ids)} units, whose ids are such as "{ids[0]}" and here "{before[0]}"; '
            "name the plan of the same units, and see that units.id names the same column as it did then"
        )
    amount = np.where(known, given[place], 0.0).astype(np.int64)
    return Previous(amount=amount, digest=table.digest, notes=_notes(table.name, before, given, known, ids))


def _notes(
    name: str, before: NDArray[np.object_], given: NDArray[np.float64], known: NDArray[np.bool_], ids: NDArray[np.object_]
) -> tuple[str, ...]:
    gone = int((~np.isin(before.astype(str), ids.astype(str)) & (given > 0)).sum())
    new = int((~known).sum())
    return (
        *([f"{new} of {len(ids)} units are not in the previous plan {name}: they count as having had no award"] if new else []),
        *([f"{gone} who had an award in the previous plan {name} are not among the units"] if gone else []),
    )
