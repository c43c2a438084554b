"""A simulated scholarship world whose truth is known: people, their offers, and the response that made them enrol or not.

    P(enrol | x, a) = σ( base(x) + sensitivity(x) · (1 − exp(−a / pace(x))) ),   σ(z) = 1/(1 + e^{−z})

The response saturates in the award a, at a pace that differs from person to person. It is stronger for low incomes,
first-generation students and those from far away, and slightly *negative* for a few (sleeping dogs): well-off high scorers
who take an offer as a sign that the faculty cannot fill its seats. All figures are invented; amounts are in yen.

As in real tables, a few dozen exam scores and incomes are missing, and some twenty past outcomes: they are blanked at
random after the response was drawn. `python -m models.truth FOLDER` writes the shipped history.csv and applicants.csv,
programme_applicants.csv, the same applicants with what an office knows of each application, and recent_history.csv, a few
hundred more of the past, for a model that has learned from the others before.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from models.base import offered, received

SEED = 2026
"""Of the shipped tables."""

RECENT = 400
"""Rows of recent_history.csv."""

LARGEST_AWARD, AWARD_STEP, LEAST_AWARD = 2_500_000, 50_000, 100_000

FACULTIES = {"law": 0.16, "arts": 0.20, "science": 0.18, "engineering": 0.22, "medicine": 0.06, "economics": 0.18}
ATTRACTION = {"medicine": 0.9, "law": 0.2, "engineering": 0.1, "arts": -0.3}
REGIONS = {"Kanto": 0.38, "Kansai": 0.20, "Tohoku": 0.14, "Chubu": 0.16, "Kyushu": 0.12}
KILOMETRES = {"Kanto": 25.0, "Kansai": 420.0, "Tohoku": 300.0, "Chubu": 220.0, "Kyushu": 880.0}
"""Median distance of a home in the region from the university, which lies in Kanto."""

TYPICAL_INCOME, TYPICAL_SCORE = 6_000_000.0, 65.0
"""The world's medians, which also stand in where a score or an income is not known."""


STATUS = {"complete": 0.95, "incomplete": 0.035, "withdrawn": 0.015}
PROMISES = [200_000, 300_000, 500_000]
"""Awards that an office has promised to a few already, each of them within everybody's need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScholarshipWorld:
    """The truth as a response model, and a source of people who follow it.

    Attributes
    ----------
    missing_share : of the exam scores, and half of it of the incomes, that a table lacks.
    unknown_outcomes : how many past outcomes a history lacks.
    """

    missing_share: float = 0.005
    unknown_outcomes: int = 20

    def response(self, X: pd.DataFrame, amounts: Iterable[float]) -> NDArray[np.float64]:
        """Probability that each of n people enrols at each of m awards (yen): (n, m)."""
        return self._probability(X, offered(amounts)[None, :])

    def effect(self, X: pd.DataFrame, T0: float = 0, T1: float = 1) -> NDArray[np.float64]:
        """Probability of enrolling at award T1 less that at T0: (n,)."""
        at_first, at_second = self.response(X, [T0, T1]).T
        return np.asarray(at_second - at_first, dtype=np.float64)

    def predict(self, X: pd.DataFrame, treatment: ArrayLike) -> NDArray[np.float64]:
        """Probability that each of n people enrols at its own award (yen): (n,)."""
        return self._probability(X, received(treatment, len(X))[:, None])[:, 0]

    def draw_history(self, rng: Generator, n: int = 8_000, first: int = 1) -> pd.DataFrame:
        """Past people, numbered from `first`, with a randomised `award` (half of them none, else uniform) and who `enrolled`."""
        people = _people(n, rng, first)
        grid = np.arange(LEAST_AWARD, LARGEST_AWARD + 1, AWARD_STEP)
        award = np.where(rng.random(n) < 0.5, 0, rng.choice(grid, size=n))  # noqa: PLR2004 — a fair coin
        enrolled = (rng.random(n) < self.predict(people, award)).astype(np.int64)
        history = self._blanked(people, rng).assign(award=award, enrolled=pd.array(enrolled, dtype="Int64"))
        history.loc[rng.choice(n, size=min(self.unknown_outcomes, n), replace=False), "enrolled"] = pd.NA
        return history

    def draw_applicants(self, rng: Generator, n: int = 1_000, first: int = 1) -> pd.DataFrame:
        """People to decide about, numbered from `first`."""
        return self._blanked(_people(n, rng, first), rng)

    def _blanked(self, people: pd.DataFrame, rng: Generator) -> pd.DataFrame:
        n = len(people)
        blank_score, blank_income = rng.random(n) < self.missing_share, rng.random(n) < self.missing_share / 2
        return people.assign(
            exam_score=people["exam_score"].mask(blank_score), family_income=people["family_income"].mask(blank_income)
        )

    def _probability(self, X: pd.DataFrame, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        base, sensitivity, pace = (part[:, None] for part in _person(X))
        logit = base + sensitivity * -np.expm1(-amounts / pace)
        return np.asarray(1.0 / (1.0 + np.exp(-logit)), dtype=np.float64)


def shipped_tables(seed: int = SEED) -> dict[str, pd.DataFrame]:
    """The shipped tables by file name: 8 000 past people, 1 000 applicants, these with applications, 400 more past people."""
    rng = np.random.default_rng(seed)
    world = ScholarshipWorld()
    history = world.draw_history(rng)
    applicants = world.draw_applicants(rng, first=len(history) + 1)
    applications = applicants.assign(**_applications(applicants, rng))
    recent = world.draw_history(rng, n=RECENT, first=len(history) + len(applicants) + 1)
    return {
        "history.csv": history,
        "applicants.csv": applicants,
        "programme_applicants.csv": applications,
        "recent_history.csv": recent,
    }


def _people(n: int, rng: Generator, first: int = 1) -> pd.DataFrame:
    region = rng.choice(list(REGIONS), size=n, p=list(REGIONS.values()))
    income = np.clip(TYPICAL_INCOME * rng.lognormal(0.0, 0.5, n), 1_200_000, 30_000_000)
    fortune = np.log(income / TYPICAL_INCOME)
    score = np.clip(rng.normal(TYPICAL_SCORE + 4.0 * fortune, 12.0), 20.0, 100.0)
    distance = np.array([KILOMETRES[name] for name in region]) * rng.lognormal(0.0, 0.4, n)
    return pd.DataFrame(
        {
            "student_id": [f"S{number:05d}" for number in range(first, first + n)],
            "family_income": pd.array(np.round(income, -4).astype(np.int64), dtype="Int64"),
            "family_size": 2 + rng.binomial(5, 0.35, n),
            "exam_score": np.round(score, 1),
            "distance_km": np.round(np.maximum(distance, 1.0), 1),
            "gender": np.where(rng.random(n) < 0.47, "F", "M"),  # noqa: PLR2004 — the share of women
            "first_generation": (rng.random(n) < 1.0 / (1.0 + np.exp(1.0 + 1.6 * fortune))).astype(np.int64),
            "faculty": rng.choice(list(FACULTIES), size=n, p=list(FACULTIES.values())),
            "region": region,
        }
    )


def _applications(people: pd.DataFrame, rng: Generator) -> dict[str, Any]:
    """What an office knows of n applications: status, need, promises, guarantees (yen, empty where there is none), and cost."""
    n = len(people)
    income = people["family_income"].to_numpy(dtype=np.float64, na_value=TYPICAL_INCOME)
    status = rng.choice(list(STATUS), size=n, p=list(STATUS.values()))
    complete = status == "complete"
    need = np.clip(np.round(2_900_000 - 0.16 * income + rng.normal(0.0, 200_000, n), -4), PROMISES[-1], LARGEST_AWARD)
    told = rng.random(n) < 0.9  # noqa: PLR2004 — most say what they need
    promised = complete & (income < 8_000_000) & (rng.random(n) < 0.025)  # noqa: PLR2004 — a few of those below that many yen
    poor = complete & ~promised & (income < 2_500_000) & (people["first_generation"] == 1).to_numpy()  # noqa: PLR2004 — yen
    far = people["distance_km"].to_numpy(dtype=np.float64)
    return {
        "status": status,
        "need": _yen(need, told),
        "promised": _yen(rng.choice(PROMISES, size=n), promised),
        "guaranteed": _yen(np.full(n, PROMISES[0]), poor),
        "handling_cost": np.round(3_000 + 5_000 * np.log1p(far / 100.0), -2).astype(np.int64),
    }


def _yen(amounts: NDArray[Any], known: NDArray[np.bool_]) -> pd.Series[Any]:
    return pd.Series(amounts.astype(np.int64)).astype("Int64").where(known)


def _person(X: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Base logit, sensitivity (logits a full award moves), pace (yen to 63 % of it) of n people."""
    income = X["family_income"].to_numpy(dtype=np.float64, na_value=np.nan)
    fortune = np.log(np.where(np.isnan(income), TYPICAL_INCOME, income) / TYPICAL_INCOME)
    score = X["exam_score"].fillna(TYPICAL_SCORE).to_numpy(dtype=np.float64)
    standing = (score - TYPICAL_SCORE) / 12.0
    far = np.log1p(X["distance_km"].to_numpy(dtype=np.float64) / 100.0)
    first_generation = X["first_generation"].to_numpy(dtype=np.float64)
    size = X["family_size"].to_numpy(dtype=np.float64) - 4.0
    faculty = X["faculty"].map(ATTRACTION).fillna(0.0).to_numpy(dtype=np.float64)
    base = -0.1 + 0.45 * fortune - 0.3 * standing - 0.45 * far - 0.25 * first_generation - 0.08 * size + faculty
    sensitivity = np.exp(-0.15 - 0.7 * fortune + 0.35 * first_generation + 0.25 * far - 0.25 * np.abs(standing))
    sleeping = (fortune > 0.35) & (standing > 0.9) & (first_generation == 0)  # noqa: PLR2004 — 8.5 million yen, a score of 76
    pace = 450_000.0 * np.exp(0.45 * fortune + 0.3 * far - 0.15 * standing)
    return base, np.where(sleeping, -0.6, np.minimum(sensitivity, 4.0)), pace


def write(folder: Path) -> None:
    """Write the shipped tables into a folder, the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in shipped_tables().items():
        table.to_csv(folder / name, index=False, lineterminator="\n")


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m models.truth", description="Write the tables of the shipped scenarios.")
    parser.add_argument("folder", type=Path)
    write(parser.parse_args().folder)
