"""Public data sets by name, for examples and tests on real input: a package brings them, or the user's own download."""

from __future__ import annotations

import importlib
from difflib import get_close_matches

from optimizer.edge.ihds2 import STATES, read_ihds2
from optimizer.edge.tables import Table, table_of
from optimizer.errors import DataError

KNOWN = ("causaldata.thornton_hiv", *STATES)
"""`thornton_hiv`: 4 820 people in Malawi, 2004; a randomised incentive to learn one's HIV result
(Thornton 2008, American Economic Review 98(5): 1829–1863). `ihds2` and its states: see `optimizer.edge.ihds2`."""


def read_dataset(name: str) -> Table:
    """Read a data set that an installed package brings, or that the user has downloaded.

    Numbers the package holds in 32 bits come back as the decimals they were meant as (see `table_of`).

    Raises
    ------
    DataError
        If the name is not among `KNOWN`, or its package or its files are not there.
    """
    if name not in KNOWN:
        near = get_close_matches(name, KNOWN, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(KNOWN)}"
        raise DataError(f'dataset: must be a known data set, got "{name}"; {hint}')
    if name in STATES:
        return read_ihds2(name)
    package, _, dataset = name.partition(".")
    try:
        source = importlib.import_module(package)
    except ImportError:
        raise DataError(f'{name}: needs the package {package}; run pip install "bursar[examples]"') from None
    return table_of(getattr(source, dataset).load_pandas().data, name)
