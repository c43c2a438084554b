"""IHDP: a trial of home visits to premature infants made observational, with simulated outcomes (Hill 2011).

    √PEHE = √ mean (τ̂_i − τ_i)²,   ATE error = |mean τ̂_i − mean τ_i|,   τ_i = μ1_i − μ0_i

747 infants, 25 covariates, 139 treated; each replication draws outcomes anew. The files are the public ones, which the user
downloads: `ihdp_npci_1-1000.train.npz` with its `.test.npz` beside it (Shalit, Johansson, Sontag 2017), of keys x (n, 25, R)
and t, yf, mu0, mu1 (n, R); or `ihdp_npci_1.csv` … (Louizos et al. 2017), one replication each of the columns treatment,
y_factual, y_cfactual, mu0, mu1, x1 … x25, with or without a header, of which a tenth is set aside. In-sample is what the
model was fitted on, where one outcome of each infant is known; out-of-sample is the rest.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from models.base import ResponseError
from models.learner import Learner

PUBLISHED = pd.DataFrame(
    [
        ("published: least squares, one an arm", 2.4, 2.5, None, None),
        ("published: BART", 2.1, 2.3, None, None),
        ("published: causal forest", 3.8, 3.8, None, None),
        ("published: TARNet", 0.88, 0.95, 0.26, 0.28),
        ("published: CFR-MMD", 0.73, 0.78, None, None),
        ("published: CFR-Wass", 0.71, 0.76, None, None),
    ],
    columns=["model", "pehe_in", "pehe_out", "ate_in", "ate_out"],
)
"""Mean √PEHE and ATE error of 1 000 replications, in- and out-of-sample (Shalit, Johansson, Sontag 2017, table 1)."""

COVARIATES = [f"x{j}" for j in range(1, 26)]
HEADER = ["treatment", "y_factual", "y_cfactual", "mu0", "mu1", *COVARIATES]
KEYS = ("x", "t", "yf", "mu0", "mu1")
TEST_SHARE = 0.1

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Infants:
    """n infants of one replication: covariates, treatment 0/1, factual outcome, and the expected outcome in either arm."""

    X: pd.DataFrame
    treatment: Floats
    outcome: Floats
    mu0: Floats
    mu1: Floats

    def take(self, rows: NDArray[np.intp]) -> Self:
        """These infants, in this order."""
        return type(self)(
            X=self.X.iloc[rows].reset_index(drop=True),
            treatment=self.treatment[rows],
            outcome=self.outcome[rows],
            mu0=self.mu0[rows],
            mu1=self.mu1[rows],
        )

    def errors(self, effect: Floats) -> tuple[float, float]:
        """√PEHE and ATE error of estimated effects (n,)."""
        true = self.mu1 - self.mu0
        return float(np.sqrt(np.mean((effect - true) ** 2))), float(abs(effect.mean() - true.mean()))


def replications(path: Path, *, reps: int | None = None, seed: int = 0) -> Iterator[tuple[Infants, Infants]]:
    """Infants to fit on and infants apart, of each replication in the files' order.

    Parameters
    ----------
    path
        The train file of a pair of npz files, a csv file, or a folder of csv files.
    reps
        How many at most; by default all.
    seed
        Of the tenth that is set aside of each csv file.

    Raises
    ------
    ResponseError
        If there is no such file, or it is not of this layout.
    """
    if path.suffix == ".npz":
        yield from _of_arrays(path, reps)
        return
    files = sorted(path.glob("*.csv"), key=_number) if path.is_dir() else [path]
    if not files:
        raise ResponseError(f"{path}: has no .csv file; name the train .npz, a .csv, or a folder of .csv files")
    for number, file in enumerate(files[:reps]):
        infants = _of_csv(file)
        order = np.random.default_rng((seed, number)).permutation(len(infants.X))
        apart = int(np.ceil(TEST_SHARE * order.size))
        yield infants.take(np.sort(order[apart:])), infants.take(np.sort(order[:apart]))


def study(model: Learner, path: Path, *, reps: int | None = None, seed: int = 0) -> pd.DataFrame:
    """A model's errors, one row a replication: pehe_in, pehe_out, ate_in, ate_out.

    Parameters
    ----------
    model
        Cloned for each replication; its `random_state`, where it has one, is `seed` plus the replication's number.
    path, reps, seed
        As in `replications`.

    Raises
    ------
    ResponseError
        If the files are not of the layout, or the model cannot be fitted.
    """
    rows = []
    for number, (inside, apart) in enumerate(replications(path, reps=reps, seed=seed)):
        fresh = clone(model)
        if "random_state" in fresh.get_params():
            fresh.set_params(random_state=seed + number)
        fresh.fit(inside.X, inside.treatment, inside.outcome)
        (pehe_in, ate_in), (pehe_out, ate_out) = (part.errors(fresh.effect(part.X, 0, 1)) for part in (inside, apart))
        rows.append({"pehe_in": pehe_in, "pehe_out": pehe_out, "ate_in": ate_in, "ate_out": ate_out})
    return pd.DataFrame(rows)


def summary(name: str, errors: pd.DataFrame) -> dict[str, Any]:
    """One row of a table beside `PUBLISHED`: mean errors, and the standard errors of the two √PEHE."""
    spread = errors.std(ddof=1) / np.sqrt(len(errors)) if len(errors) > 1 else errors.mean() * np.nan
    return {
        "model": name,
        **{str(column): mean for column, mean in errors.mean().items()},
        "se_in": spread["pehe_in"],
        "se_out": spread["pehe_out"],
        "replications": len(errors),
    }


def _of_arrays(path: Path, reps: int | None) -> Iterator[tuple[Infants, Infants]]:
    beside = path.with_name(path.name.replace("train", "test"))
    if beside == path:
        raise ResponseError(f"{path}: must be the train file of a pair, such as ihdp_npci_1-1000.train.npz; name that")
    inside, apart = _arrays(path), _arrays(beside)
    count = min(inside["x"].shape[2], apart["x"].shape[2])
    for number in range(count if reps is None else min(reps, count)):
        yield _replication(inside, number), _replication(apart, number)


def _arrays(path: Path) -> dict[str, Floats]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            missing = [key for key in KEYS if key not in stored]
            if missing:
                raise ResponseError(f"{path}: lacks the arrays {', '.join(missing)}; download the public npz files")
            arrays = {key: np.asarray(stored[key], dtype=np.float64) for key in KEYS}
    except FileNotFoundError:
        raise ResponseError(f"{path}: no such file; the train and the test file must lie side by side") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as fault:
        raise ResponseError(f"{path}: is not a readable npz file ({fault}); download it again") from fault
    n, p, count = arrays["x"].shape if arrays["x"].ndim == 3 else (0, 0, 0)  # noqa: PLR2004 — infants, covariates, replications
    if p != len(COVARIATES) or any(arrays[key].shape != (n, count) for key in KEYS[1:]):
        shapes = ", ".join(f"{key} {array.shape}" for key, array in arrays.items())
        raise ResponseError(f"{path}: must hold x (n, 25, R) and t, yf, mu0, mu1 (n, R), got {shapes}; download the public files")
    return arrays


def _replication(arrays: Mapping[str, Floats], number: int) -> Infants:
    one = {key: array[..., number] for key, array in arrays.items()}
    X = pd.DataFrame(one["x"], columns=COVARIATES)
    return Infants(X=X, treatment=one["t"], outcome=one["yf"], mu0=one["mu0"], mu1=one["mu1"])


def _of_csv(path: Path) -> Infants:
    try:
        cells = pd.read_csv(path, header=None, dtype=str)
    except FileNotFoundError:
        raise ResponseError(f"{path}: no such file; download the public csv files") from None
    except (OSError, ValueError) as fault:
        raise ResponseError(f"{path}: is not a readable csv file ({fault}); download it again") from fault
    if cells.shape[1] != len(HEADER):
        raise ResponseError(f"{path}: must have the {len(HEADER)} columns {', '.join(HEADER[:6])}, …, x25, got {cells.shape[1]}")
    named = cells.iloc[0, 0] == HEADER[0]
    frame = (cells.iloc[1:] if named else cells).set_axis(HEADER, axis="columns").replace({"True": "1", "False": "0"})
    try:
        numbers = frame.astype(np.float64).reset_index(drop=True)
    except ValueError as fault:
        raise ResponseError(f"{path}: must hold numbers ({fault}); download it again") from fault
    columns = {key: numbers[name].to_numpy() for key, name in (("treatment", "treatment"), ("outcome", "y_factual"))}
    return Infants(X=numbers[COVARIATES], mu0=numbers["mu0"].to_numpy(), mu1=numbers["mu1"].to_numpy(), **columns)


def _number(path: Path) -> tuple[int, str]:
    """The replication that a file's name ends in: ihdp_npci_10.csv comes after ihdp_npci_9.csv."""
    found = re.search(r"(\d+)$", path.stem)
    return int(found[1]) if found else 0, path.name
