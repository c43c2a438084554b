"""The simulated world's files, made anywhere: past people, applicants to decide about, and the scenario that joins them."""

from __future__ import annotations

from pathlib import Path

from models.truth import AWARD_STEP, LARGEST_AWARD, LEAST_AWARD, shipped_tables
from optimizer.edge.draft_text import Language, text_of
from optimizer.edge.drafting import Draft
from optimizer.edge.folder import writing
from optimizer.errors import WriteError

UNITS, HISTORY, SCENARIO = "applicants.csv", "history.csv", "scenario.yaml"


def write_demo(folder: Path, lang: Language = "en") -> None:
    """Write all files of the demonstration, or none.

    Raises
    ------
    WriteError
        If the folder holds anything, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WriteError(f"{folder}: exists already and is not an empty folder; name another one")
    tables = shipped_tables()
    with writing(folder) as new:
        for name in (UNITS, HISTORY):
            tables[name].to_csv(new / name, index=False, lineterminator="\n")
        features = tuple(name for name in map(str, tables[UNITS].columns) if name != "student_id")
        text = text_of(_flagship(features), name="scholarship", units=UNITS, history=HISTORY, lang=lang)
        (new / SCENARIO).write_text(text, encoding="utf-8", newline="\n")


def _flagship(features: tuple[str, ...]) -> Draft:
    return Draft(
        id="student_id",
        outcome="enrolled",
        treatment="award",
        per=1,
        features=features,
        kind="two_model",
        least=LEAST_AWARD,
        step=AWARD_STEP,
        largest=LARGEST_AWARD,
        currency="JPY",
        budget=120_000_000,
        recipients=20,
        time_limit=60,
    )
