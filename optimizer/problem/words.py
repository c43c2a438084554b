"""Shadow prices in words: "cost: 1,000,000 JPY more allowed would bring 0.8 enrolled"."""

from __future__ import annotations

from collections.abc import Sequence

from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Row
from optimizer.problem.limits import Limit

NOTHING = 1e-15
"""Prices below this are rounding."""


def in_words(row: Row) -> str:
    """A limit on these units: "recipients at most 200"."""
    limit, figure = row.limit, float(row.sign * row.allowed)
    group = f" where {limit.where}" if limit.where else ""
    share = f" of {limit.of}" if limit.of not in (None, "units") else ""
    number = f"{100 * float(limit.figure):g} %{share}" if share else f"{figure:,.15g}"
    return f"{limit.measure}{group} {limit.sense.replace('_', ' ')} {number}"


def price_in_words(
    certificate: Certificate, limits: Sequence[Limit], *, step: int, currency: str, outcome: str
) -> tuple[str, ...]:
    """What a little more of each limit would bring, one sentence each.

    Parameters
    ----------
    step : how much money "a little" is.
    """
    return tuple(_sentence(certificate, limit, step, currency, outcome) for limit in limits)


def _sentence(certificate: Certificate, limit: Limit, step: int, currency: str, outcome: str) -> str:
    price = certificate.shadow_prices[limit.name]
    if abs(price) < NOTHING:
        return f"{limit.name}: not what holds the plan back; more of it would bring nothing"
    if limit.of in ("recipients", "cost", "outcome"):
        base = {"recipients": certificate.recipients, "cost": certificate.spent, "outcome": certificate.value}[limit.of]
        more, worth = "one percentage point", price * float(base) / 100
    elif limit.measure == "cost":
        more, worth = f"{step:,} {currency}".strip(), price * step
    else:
        more, worth = {"recipients": "one award", "outcome": f"one {outcome}"}[limit.measure], price
    change = f"{more} more allowed" if limit.sense == "at_most" else f"{more} less required"
    return f"{limit.name}: {change} would bring {abs(worth):.3g} {outcome}"
