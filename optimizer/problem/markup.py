"""A few figures as an HTML table for a notebook, everything in it escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape


def facts_html(caption: str, facts: Mapping[str, str]) -> str:
    """One row a fact: its name, and what it is."""
    rows = "".join(f"<tr><th scope='row'>{escape(name)}</th><td>{escape(fact)}</td></tr>" for name, fact in facts.items())
    return f"<table><caption>{escape(caption)}</caption><tbody>{rows}</tbody></table>"


def rows_html(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a heading for each column."""
    heads = "".join(f"<th scope='col'>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
