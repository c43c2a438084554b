"""What a run on a cluster leaves: as any run, but for the allocation, which its workers write part by part.

OUT/allocation.parquet/part-00000.parquet …   then the other files, and OUT/allocation.parquet/_SUCCESS last of all

It has neither report nor frontier: both look at every unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.base import ResponseModel
from optimizer.edge.folder import writing
from optimizer.edge.model_file import dump_model
from optimizer.edge.model_store import versions
from optimizer.edge.outputs import CERTIFICATE, MODEL, PARQUET, SCENARIO, SUMMARY, figures_of, sealed, sha256_of
from optimizer.edge.parquet import digest_of, url_of
from optimizer.edge.scenario_file import write_yaml
from optimizer.edge.summary_file import summary_json
from optimizer.errors import WriteError
from optimizer.problem.certificate import Certificate
from optimizer.problem.result import Summary
from optimizer.problem.scenario import Scenario

SUCCESS = "_SUCCESS"
"""Stands beside the parts when all of them do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarLeft:
    """A run's result on its way to disk, whose rows stand there already.

    Attributes
    ----------
    files : the digest of each part, by its name.
    season : what a night had in view.
    """

    scenario: Scenario
    model: ResponseModel
    certificate: Certificate
    summary: Summary
    digests: dict[str, str]
    files: dict[str, str]
    season: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class FarFolder:
    """Where the files of a run are written, aside."""

    new: Path

    @property
    def rows(self) -> Path:
        """Where the workers write the parts."""
        return self.new / PARQUET

    def finish(self, left: FarLeft) -> None:
        """Write all other files.

        Raises
        ------
        ModelError
            If the model cannot be kept without pickle.
        WriteError
            If a part is not where its worker wrote it.
        """
        for name in left.files:
            if not (self.rows / name).is_file():
                raise WriteError(f"{self.rows / name}: a worker wrote it, and it is not here; share the folder with the workers")
        (self.new / SCENARIO).write_text(write_yaml(left.scenario), encoding="utf-8")
        (self.new / MODEL).parent.mkdir()
        dump_model(left.model, self.new / MODEL)
        (self.new / SUMMARY).write_text(summary_json(left.summary), encoding="utf-8")
        bound = {name: sha256_of((self.new / name).read_bytes()) for name in (SCENARIO, MODEL, SUMMARY)}
        names = sorted(left.files)
        document = {
            "name": left.scenario.name,
            "certificate": figures_of(left.certificate),
            "seed": left.scenario.solver.seed,
            "data": left.digests,
            **({} if left.season is None else {"season": left.season}),
            "versions": versions(("gurobipy", "gurobi-machinelearning", "pandas")),
            "files": {PARQUET: digest_of(self.rows, names, [left.files[name] for name in names]), **bound},
        }
        (self.new / CERTIFICATE).write_text(sealed(document), encoding="utf-8")
        (self.rows / SUCCESS).touch()


@contextmanager
def writing_far(folder: Path | None) -> Iterator[FarFolder | None]:
    """Where a run's files are written; they are put in place when the block ends well, and else removed.

    Raises
    ------
    WriteError
        If the folder cannot be written, or holds what is not bursar's.
    """
    if folder is None:
        yield None
        return
    if (url := url_of(folder)) is not None:
        raise WriteError(f"{url}: must be a folder that this machine and the workers share; copy it from there afterwards")
    with writing(folder) as new:
        (new / PARQUET).mkdir()
        yield FarFolder(new)
