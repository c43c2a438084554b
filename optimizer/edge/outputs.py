"""What a run leaves: allocation, certificate, resolved scenario, model and summary, each bound to the others by hashes.

OUT/allocation.csv   OUT/certificate.json   OUT/scenario.resolved.yaml   OUT/model/model.skops
OUT/summary.json     OUT/frontier.csv       OUT/report.html

The allocation is a Parquet file where the units' table is one; a frontier is left where other budgets were solved. The report is
made of the other files, in any language, and is not bound: it may be made again.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.base import ResponseModel
from optimizer.edge.cells import csv_of, original
from optimizer.edge.folder import OWN_FILE, writing
from optimizer.edge.model_file import dump_model, load_model
from optimizer.edge.model_store import versions
from optimizer.edge.parquet import digest_of, digest_of_file, files_of, is_many
from optimizer.edge.previous import Previous
from optimizer.edge.report import Page, render
from optimizer.edge.scenario_file import read_scenario, write_yaml
from optimizer.edge.summary_file import read_frontier, read_summary, summary_json
from optimizer.errors import DataError, VerificationError, WriteError
from optimizer.problem.allocation import Allocation, Cautious, Second
from optimizer.problem.certificate import Certificate
from optimizer.problem.curves import Curves
from optimizer.problem.result import COLUMNS, Plan, Summary
from optimizer.problem.scenario import Scenario
from optimizer.problem.streamed import Streamed
from optimizer.problem.units import History, Units

T = TypeVar("T")

CERTIFICATE, SCENARIO = "certificate.json", "scenario.resolved.yaml"
MODEL, REPORT = "model/model.skops", "report.html"
SUMMARY, FRONTIER = "summary.json", "frontier.csv"
CSV, PARQUET = "allocation.csv", "allocation.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A run's result on its way to disk; `frame` has the units' columns, `lang` is the language of the report."""

    scenario: Scenario
    plan: Plan
    model: ResponseModel
    digests: dict[str, str]
    frame: pd.DataFrame
    season: dict[str, Any] | None = None
    frontier: pd.DataFrame | None = None
    lang: str = "en"

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        plan: Plan,
        model: ResponseModel,
        units: Units,
        history: History | None,
        previous: Previous | None = None,
        season: dict[str, Any] | None = None,
    ) -> Self:
        """What this run leaves; `season` says what a night had in view."""
        tables = {"units": units, "history": history, "previous": previous}
        digests = {name: table.digest for name, table in tables.items() if table is not None}
        return cls(scenario=scenario, plan=plan, model=model, digests=digests, frame=units.frame, season=season)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What stands in a run's folder, read back; nothing of it is believed yet."""

    folder: Path
    scenario: Scenario
    model: ResponseModel
    claims: dict[str, Any]
    table: pd.DataFrame

    @property
    def units_digest(self) -> str:
        """Hash of the units' table the run read."""
        return str(self.claims["data"]["units"])

    @property
    def history_digest(self) -> str:
        """Hash of the history the run read; empty if it read none."""
        return str(self.claims["data"].get("history", ""))

    @property
    def previous_digest(self) -> str:
        """Hash of the previous plan the run read; empty if it read none."""
        return str(self.claims["data"].get("previous", ""))

    @property
    def season(self) -> dict[str, Any] | None:
        """What a night had in view; None if the run was no night."""
        found: dict[str, Any] | None = self.claims.get("season")
        return found

    @property
    def certificate(self) -> Certificate:
        """The certificate as the file claims it."""
        claimed = {name: figure for name, figure in self.claims["certificate"].items() if name != "gap"}
        usage = {name: (used, allowed) for name, (used, allowed) in claimed["usage"].items()}
        return Certificate(
            **claimed | {"usage": usage, "then": self._claimed(Second, "then"), "cautious": self._claimed(Cautious, "cautious")}
        )

    @property
    def summary(self) -> Summary:
        """The figures of the plan; raises `VerificationError` if they are not the certificate's."""
        return read_summary(self.folder / SUMMARY, self.certificate)

    @property
    def frontier(self) -> pd.DataFrame | None:
        """The plans of other budgets; None if none were solved."""
        return read_frontier(self.folder / FRONTIER) if FRONTIER in self.claims["files"] else None

    @property
    def place(self) -> Path:
        """The file that the allocation stands in."""
        return self.folder / (PARQUET if PARQUET in self.claims["files"] else CSV)

    def rows_of(self, listed: pd.Series[Any], ids: NDArray[np.object_]) -> NDArray[np.intp]:
        """Where the units that the allocation lists stand among all of their table.

        Raises
        ------
        VerificationError
            If one is not among them.
        """
        place = pd.Index(ids).get_indexer(pd.Index(listed))
        if (place < 0).any():
            raise VerificationError(f"{self.place}: {listed[int((place < 0).argmax())]} is no longer in the units' table")
        return place

    def allocation(self, units: Units, curves: Curves | Streamed) -> Allocation:
        """The allocation as the files claim it.

        Raises
        ------
        VerificationError
            If it is not about these units, these amounts or these outcomes.
        """
        if list(self.table["id"]) != list(units.ids):
            raise VerificationError(f"{self.place}: must list the {len(units)} units in their table's order")
        amount = self.table["amount"].to_numpy()
        index = np.searchsorted(curves.amounts.array, amount).clip(max=len(curves.amounts) - 1)
        if (curves.amounts.array[index] != amount).any():
            wrong = amount[curves.amounts.array[index] != amount][0]
            raise VerificationError(f"{self.place}: {wrong} is not among the amounts on offer")
        self._check_outcomes(curves, index)
        return self.claimed(index, amount)

    def claimed(self, index: NDArray[np.intp], amount: NDArray[np.int64]) -> Allocation:
        """The allocation of these amounts with the figures that the certificate claims."""
        certificate = self.claims["certificate"]
        return Allocation(
            index=index,
            amount=amount,
            value=certificate["value"],
            bound=certificate["bound"],
            bound_source=certificate["bound_source"],
            shadow_prices=certificate["shadow_prices"],
            usage={name: (used, allowed) for name, (used, allowed) in certificate["usage"].items()},
            then=self._claimed(Second, "then"),
            cautious=self._claimed(Cautious, "cautious"),
            passes=int(certificate["passes"]),
        )

    def _claimed(self, kind: type[T], name: str) -> T | None:
        claimed = self.claims["certificate"].get(name)
        try:
            return None if claimed is None else kind(**claimed)
        except TypeError as wrong:
            raise VerificationError(f"{self.folder / CERTIFICATE}: {name} is not as a run writes it ({wrong})") from wrong

    def _check_outcomes(self, curves: Curves | Streamed, index: Any) -> None:
        without, value = curves.column(0), curves.value_of(index)
        for column, true in (("outcome_without", without), ("outcome_with", value), ("uplift", value - without)):
            wrong = np.abs(self.table[column].to_numpy(dtype=float) - true) > 1e-9 * np.maximum(1.0, np.abs(true))
            if wrong.any():
                first = self.table["id"][int(np.flatnonzero(wrong)[0])]
                raise VerificationError(f"{self.place}: {column} of {first} is not what the model says")

    def check(self, certificate: Certificate) -> None:
        """Check that the certificate and the summary on disk say what was found.

        Raises
        ------
        VerificationError
            If a figure differs.
        """
        found = json.loads(json.dumps(figures_of(certificate)))
        for name, claimed in self.claims["certificate"].items():
            if not _close(claimed, found.get(name)):
                raise VerificationError(f"{self.folder / CERTIFICATE}: {name} is {claimed}, recomputed {found.get(name)}")
        # What the summary repeats of the certificate is compared as it is read.
        read_summary(self.folder / SUMMARY, self.certificate)


def write_left(folder: Path, left: Left) -> None:
    """Write all files of a run, or none; raises as `writing_left`."""
    with writing_left(folder, left):
        pass


@contextmanager
def writing_left(folder: Path, left: Left) -> Iterator[None]:
    """Write all files of a run aside; they are put in place when the block ends well, and else removed.

    Raises
    ------
    WriteError
        If the folder cannot be written, or holds what is not bursar's.
    ModelError
        If the model cannot be kept without pickle.
    """
    with writing(folder) as new:
        allocation = allocation_file(left.scenario)
        _write_table(left.plan.table, new / allocation)
        (new / SCENARIO).write_text(write_yaml(left.scenario), encoding="utf-8")
        (new / MODEL).parent.mkdir()
        dump_model(left.model, new / MODEL)
        (new / SUMMARY).write_text(summary_json(left.plan.summary), encoding="utf-8")
        if left.frontier is not None:
            left.frontier.to_csv(new / FRONTIER, index=False, lineterminator="\n")
        bound = (allocation, SCENARIO, MODEL, SUMMARY, *(() if left.frontier is None else (FRONTIER,)))
        document = {
            "name": left.scenario.name,
            "certificate": figures_of(left.plan.certificate),
            "seed": left.scenario.solver.seed,
            "data": left.digests,
            **({} if left.season is None else {"season": left.season}),
            "versions": versions(("gurobipy", "gurobi-machinelearning", "pandas")),
            "files": {name: sha256_of((new / name).read_bytes()) for name in bound},
        }
        (new / CERTIFICATE).write_text(sealed(document), encoding="utf-8")
        page = Page.of(left.scenario, left.plan, left.frame, left.frontier, document)
        (new / REPORT).write_text(render(page, left.lang), encoding="utf-8", newline="\n")
        yield


def read_left(folder: Path, *, allowed_modules: Sequence[str], rows: bool = True) -> Found:
    """Read what a run left, and check that each file is the one it wrote.

    Parameters
    ----------
    rows : whether the allocation is read and checked here; its table is empty otherwise.

    Raises
    ------
    VerificationError
        If a file was changed.
    DataError
        If a file is missing or cannot be read.
    """
    claims = _claims(folder)
    for name in claims["files"]:
        path = folder / name
        if not path.exists():
            raise DataError(f"{path}: missing; name the folder that `bursar solve --out` wrote")
        if (rows or name not in (CSV, PARQUET)) and _digest_of(path) != claims["files"][name]:
            raise VerificationError(f"{path}: is not the file that the run wrote; solve again")
    scenario = read_scenario(folder / SCENARIO)
    return Found(
        folder=folder,
        scenario=scenario,
        claims=claims,
        model=load_model(folder / MODEL, allowed_modules=allowed_modules),
        table=_read_table(folder / (PARQUET if PARQUET in claims["files"] else CSV)) if rows else pd.DataFrame(),
    )


def _digest_of(path: Path) -> str:
    """The sha256 of a file, or of an allocation in parts."""
    if path.is_file():
        return sha256_of(path.read_bytes())
    files = files_of(path)
    return digest_of(path, files, [digest_of_file(file) for file in files])


def allocation_file(scenario: Scenario) -> str:
    """What the allocation's file is called: it is of the kind of the units' table."""
    table = scenario.units.table
    return PARQUET if table is not None and (table.suffix.lower() == ".parquet" or is_many(table)) else CSV


def write_frontier(table: pd.DataFrame, path: Path) -> None:
    """Write a frontier as CSV, all of it or nothing.

    Raises
    ------
    WriteError
        If the file cannot be written.
    """
    _replace(path, csv_of(table))


def write_json(document: object, path: Path) -> None:
    """Write one JSON document, all of it or nothing; raises as `write_frontier`."""
    _replace(path, json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def write_report(page: Page, lang: str, folder: Path) -> Path:
    """Write the report of a run's folder anew, and say where it is; raises as `write_frontier`."""
    path = folder / REPORT
    _replace(path, render(page, lang))
    return path


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        new.touch(mode=OWN_FILE, exist_ok=False)
        new.write_text(text, encoding="utf-8", newline="\n")
        new.replace(path)
    except OSError as wrong:
        new.unlink(missing_ok=True)
        raise WriteError(f"{path}: cannot be written ({wrong.strerror or wrong}); name a file in a folder that exists") from wrong


def _write_table(table: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        path.write_text(csv_of(table[list(COLUMNS)]), encoding="utf-8", newline="\n")


def _read_table(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return original(pd.read_csv(path, dtype={"id": str}, keep_default_na=False))


def _claims(folder: Path) -> dict[str, Any]:
    path = folder / CERTIFICATE
    if not path.is_file():
        raise DataError(f"{path}: missing; name the folder that `bursar solve --out` wrote")
    try:
        claims = json.loads(path.read_text(encoding="utf-8"))
        seal = claims.pop("seal")
    except (ValueError, KeyError, AttributeError) as wrong:
        raise VerificationError(f"{path}: is not the file that the run wrote ({wrong}); solve again") from wrong
    if seal != sha256_of(_canonical(claims)):
        raise VerificationError(f"{path}: is not the file that the run wrote; solve again")
    return dict(claims)


def figures_of(certificate: Certificate) -> dict[str, Any]:
    """What the file says of a certificate."""
    return asdict(certificate) | {"gap": certificate.gap if math.isfinite(certificate.gap) else None}


def sealed(document: dict[str, Any]) -> str:
    """The certificate's file, bound to itself."""
    return json.dumps(document | {"seal": sha256_of(_canonical(document))}, indent=2, ensure_ascii=False) + "\n"


def _canonical(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=False).encode()


def sha256_of(content: bytes) -> str:
    """The sha256 of a file's bytes, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _close(claimed: Any, true: Any) -> bool:
    match claimed, true:
        case dict(), dict():
            return claimed.keys() == true.keys() and all(_close(claimed[key], true[key]) for key in claimed)
        case list(), list():
            return len(claimed) == len(true) and all(map(_close, claimed, true))
        case (float() | int(), float() | int()):
            return bool(abs(claimed - true) <= 1e-9 * max(1.0, abs(true)))
    return bool(claimed == true)
