"""What a ledger holds of a night: the run that decided, and the awards it made.

    offered → accepted → declined        offered → declined        offered → expired

An award is live while it is offered or accepted; then it holds money, and its unit gets no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

Status = Literal["offered", "accepted", "declined", "expired"]

OFFERED: Status = "offered"
ACCEPTED: Status = "accepted"
DECLINED: Status = "declined"
EXPIRED: Status = "expired"

LIVE = (OFFERED, ACCEPTED)
"""An award of these holds money."""

BEFORE: Mapping[Status, tuple[Status, ...]] = {ACCEPTED: (OFFERED,), DECLINED: (OFFERED, ACCEPTED), EXPIRED: (OFFERED,)}
"""From what an award may become each; one that was accepted may still be withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A night of a programme that was decided.

    Attributes
    ----------
    key : what the night is called; a programme has each once.
    night : its date.
    scenario_digest, data_digest, model_digest : what it was decided from, sha256 hexadecimal; no model if nobody was new.
    code_version : of bursar.
    started, finished : with their time zone.
    result : its certificate and summary, as plain values that JSON can say.
    model : what the model is called, for who reads the ledger.
    """

    key: str
    programme: str
    night: date
    scenario_digest: str
    data_digest: str
    model_digest: str
    code_version: str
    started: datetime
    finished: datetime
    status: Literal["decided"] = "decided"
    result: dict[str, Any]
    model: str = ""

    @property
    def inputs(self) -> tuple[str, str, str]:
        """The digests of scenario, data and model: equal ones lead to an equal night."""
        return self.scenario_digest, self.data_digest, self.model_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """What one unit was awarded.

    Attributes
    ----------
    amount : currency units, above 0.
    cost : what it was expected to cost when it was offered, in whole currency units; counted until it is accepted.
    due : what it costs if it is accepted; counted from then on.
    run, night : the key and the date of the night that made it.
    offered_at, changed_at : when it was made, and when it became what it is.
    """

    programme: str
    unit: str
    amount: int
    cost: int
    due: int
    status: Status
    run: str
    night: date
    offered_at: datetime
    changed_at: datetime
