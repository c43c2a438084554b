"""Shadow prices in words: "cost: 1,000,000 JPY more allowed would bring 0.8 enrolled"."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from optimizer.problem.certificate import Certificate
from optimizer.problem.coupling import Row
from optimizer.problem.limits import Limit

NOTHING = 1e-15
"""Prices below this are rounding."""


def in_words(row: Row) -> str:
    """A limit on these units: "recipients at most 200"."""
    limit, figure = row.limit, float(row.sign * row.allowed)
    group = f" where {limit.where}" if limit.where else ""
    if limit.of is None or limit.of == "units":
        number = f"{figure:,.15g}"
    elif limit.of == limit.measure:
        number = f"{100 * float(limit.figure):g} % of {limit.of}"
    else:
        number = f"{float(limit.figure):,.15g} for each of {limit.of}"
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
    base = {"recipients": certificate.recipients, "cost": certificate.spent, "outcome": certificate.value}.get(limit.of or "")
    if base is not None and limit.of == limit.measure:
        more, worth = "one percentage point", price * float(base) / 100
    elif base is not None:
        more, worth = (
            f"1 % of its figure ({float(limit.figure) / 100:,.6g} for each of {limit.of})",
            price * float(limit.figure * Fraction(base)) / 100,
        )
    elif limit.measure == "cost":
        more, worth = f"{step:,} {currency}".strip(), price * step
    else:
        more, worth = {"recipients": "one award", "outcome": f"one {outcome}"}[limit.measure], price
    change = f"{more} more allowed" if limit.sense == "at_most" else f"{more} less required"
    return f"{limit.name}: {change} would bring {abs(worth):.3g} {outcome}"
