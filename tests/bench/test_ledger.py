"""What a night costs beside its plan, where ten thousand came before it: open, lock, read what stands, record and commit."""

import time
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import insert, text

from optimizer.edge.connections import connection
from optimizer.edge.ledger import Ledger
from optimizer.edge.ledger_connection import connected
from optimizer.edge.ledger_tables import award_history, awards, decisions, runs
from optimizer.problem.night import Run

NIGHTS, AWARDS, UNITS, TONIGHT = 10_000, 10, 50, 200
FIRST, NOW = date(2000, 1, 1), datetime(2026, 11, 24, tzinfo=UTC)
DIGESTS = {"scenario_digest": "s", "data_digest": "d", "model_digest": None, "code_version": "1"}


def earlier(link):
    """All nights of the past in one go: UNITS decided in each, AWARDS of them with an award, most of which stand."""
    when = {"started": NOW, "finished": NOW, "status": "decided", "result": "{}"}
    for start in range(0, NIGHTS, 1_000):
        keys = [(n, {"programme": "grants", "run": f"night {n}"}) for n in range(start, start + 1_000)]
        days = [{"key": which["run"], "programme": "grants", "night": FIRST + timedelta(n)} for n, which in keys]
        link.execute(insert(runs), [day | when | DIGESTS for day in days])
        link.execute(
            insert(decisions),
            [{**which, "unit": f"{n}-{u}", "place": u, "amount": 100 * (u < AWARDS)} for n, which in keys for u in range(UNITS)],
        )
        given = [{**which, "unit": f"{n}-{u}"} for n, which in keys for u in range(AWARDS)]
        terms = {"amount": 100, "cost": 90, "due": 100, "offered_at": NOW}
        status = ("offered", "accepted", "accepted", "declined")
        told = [{"facts": f'{{"faculty":"{n % 7}"}}', "status": status[n % 4]} for n in range(len(given))]
        link.execute(insert(awards), [award | terms | more for award, more in zip(given, told, strict=True)])
        made = {"became": "offered", "was": None, "at": NOW, "note": ""}
        link.execute(insert(award_history), [award | made for award in given])


def night(where, n):
    ids = np.array([*(f"{n}-{u}" for u in range(TONIGHT // 2)), *(f"new {n}-{u}" for u in range(TONIGHT // 2))], dtype=object)
    key = f"tonight {n}"
    with Ledger.open(where).night("grants") as held:
        assert held.run(key) is None
        standing = held.standing(["faculty"])
        new = ids[held.open(ids, waiting=False)]
        given = np.where(np.arange(len(new)) < AWARDS, 100, 0)
        table = pd.DataFrame({"unit": new, "amount": given, "cost": given, "due": given, "facts": '{"faculty":"0"}'})
        digests = DIGESTS | {"model_digest": "m"}
        held.record(Run(key=key, programme="grants", night=NOW.date(), started=NOW, finished=NOW, result={}, **digests), table)
        held.commit()
    return standing


def test_ten_thousand_nights_make_the_next_no_slower_than_a_second(record, where):
    Ledger.create(where)
    with connected(connection(where)) as link, link.begin():
        earlier(link)
        # Over ten thousand nights the database has long counted what it holds.
        link.execute(text("ANALYZE"))
    seconds = []
    for n in range(5):
        start = time.perf_counter()
        standing = night(where, n)
        seconds.append(time.perf_counter() - start)
    record(median=float(np.median(seconds)), most=max(seconds))
    assert standing.recipients > NIGHTS * AWARDS / 2
    assert standing.seen >= NIGHTS * UNITS
    assert max(seconds) < 1
