"""What the validation of a scenario found, in plain words, at the line of the file where it stands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pydantic_core import ErrorDetails

from optimizer.edge.yaml_tree import Node, Ranked
from optimizer.errors import Fault
from optimizer.problem.scenario import known_keys
from optimizer.problem.scenario_model import KINDS
from optimizer.problem.scenario_part import SHOWN, one_line, shown

Key = int | str
Words = tuple[str, str, str]

_EXAMPLES = {
    "name": "scholarship",
    "units": "{table: data/applicants.csv, id: student_id}",
    "amounts": "{max: 2_500_000, step: 50_000}",
    "model": "{kind: two_model, estimator: sklearn.linear_model.LogisticRegression}",
    "kind": "two_model",
    "estimator": "sklearn.linear_model.LogisticRegression",
    "file": "fitted.skops",
    "source": "{table: other_history.csv}",
    "measure": "cost",
    "by": "gender",
    "within": "5%",
    "where": "{gender: F}",
    "outcome": "enrolled",
    "treatment": "award",
    "column": "award",
    "features": "[family_income, exam_score]",
}

_MAPPING = "write `{key: value, …}`, or leave it out if it is optional"
_PLAIN: dict[str, tuple[str, str]] = {
    "string_type": ("must be text", "write one value, in quotes if it looks like a number"),
    "invalid_key": ("must be a key that is text", "put it in quotes"),
    "int_type": ("must be a whole number", "write it without quotes, decimals or separators but _"),
    "int_from_float": ("must be a whole number", "write it without decimals"),
    "float_type": ("must be a number", "write it without quotes, units or separators but _"),
    "finite_number": ("must be finite", "write a number, or leave the key out"),
    "model_type": ("must be a mapping", _MAPPING),
    "model_attributes_type": ("must be a mapping", _MAPPING),
    "dict_type": ("must be a mapping", _MAPPING),
    "tuple_type": ("must be a list", "write `[…, …]`, or lines that start with -"),
    "too_short": ("must not be empty", "add an item, or leave the key out if it is optional"),
    "string_too_short": ("must not be empty", "write some text"),
    "too_long": ("has at most {max_length} items", "drop some"),
    "string_too_long": ("has at most {max_length} characters", "shorten it"),
    "greater_than": ("must be above {gt:g}", "write a larger number"),
    "less_than": ("must be below {lt:g}", "write a smaller number"),
}
"""Rule and remedy of each kind of error that needs neither the key nor the file."""


_TAGS = frozenset({"<estimator>", "<mapping>", "<list>", "<range>", "<values>", "<value>", "<total>", "<parity>", "[key]"})
"""Parts of a validation's path that tell unions apart and stand in no file."""


def place_faults(root: Node, errors: Iterable[ErrorDetails]) -> list[Ranked]:
    """The errors in the tree's validation as faults at the nearest nodes, with rank and line for sorting."""
    errors = list(errors)
    # A key that is misspelt is missing too: one mistake, one fault.
    meant = {(*details["loc"][:-1], _near(details)) for details in errors if details["type"] == "extra_forbidden"}
    return [_place(root, details) for details in errors if details["loc"] not in meant or _exists(root, _keys(details))]


def _place(root: Node, details: ErrorDetails) -> Ranked:
    keys = _keys(details)
    nodes = _nodes(root, keys)
    if not isinstance(nodes[-1].value, dict | list):
        keys = keys[: len(nodes) - 1]
    path = _spell(nodes, keys)
    what, got, remedy = _words(details, keys, _spell(nodes, keys[:-1]))
    return nodes[-1].order, Fault(nodes[-1].where, f"{path}: {what}" if path else what, got, remedy)


def _keys(details: ErrorDetails) -> tuple[Key, ...]:
    """The path in the file: the validation's, without what only tells unions apart."""
    loc = details["loc"]
    if loc[:1] == ("model",) and loc[1:2] and loc[1] in KINDS:
        loc = (loc[0], *loc[2:])
    elif details["type"] in ("union_tag_not_found", "union_tag_invalid"):
        loc = (*loc, "kind")
    return tuple(key for key in loc if key not in _TAGS)


def _nodes(root: Node, keys: tuple[Key, ...]) -> list[Node]:
    """The nodes along the path, from the root to the deepest that exists."""
    nodes = [root]
    for key in keys:
        match nodes[-1].value:
            case dict() as children if key in children:
                nodes.append(children[key])
            case list() as items if isinstance(key, int) and key < len(items):
                nodes.append(items[key])
            case _:
                break
    return nodes


def _exists(root: Node, keys: tuple[Key, ...]) -> bool:
    return len(_nodes(root, keys)) > len(keys)


def _spell(nodes: Iterable[Node], keys: Iterable[Key]) -> str:
    """limits[1].at_most."""
    steps = zip(nodes, keys, strict=False)
    path = "".join(f"[{key}]" if isinstance(node.value, list) else f".{key}" for node, key in steps)
    return one_line(path.removeprefix("."))


def _words(details: ErrorDetails, keys: tuple[Key, ...], above: str) -> Words:
    kind, context = details["type"], details.get("ctx", {})
    match kind:
        case "fault":
            return context["what"], context["got"], context["remedy"]
        case "missing" | "union_tag_not_found":
            example = f"{keys[-1]}: {_EXAMPLES.get(str(keys[-1]), '…')}"
            return "is missing", "", f"add `{example}`" + (f" to {above}" if above else "")
        case "extra_forbidden":
            near, known = _near(details), ", ".join(known_keys(details["loc"][:-1]))
            return "is not a known key", "", f"did you mean {near}?" if near else f"known are {known}"
        case "literal_error":
            return _choose(context["expected"], details["input"])
        case "union_tag_invalid":
            return _choose(context["expected_tags"], context["tag"])
    # A rule that pydantic may add one day is said in its own words.
    what, remedy = _PLAIN.get(kind, ("{rule}", "compare with scenarios/schema.json"))
    return what.format(rule=details["msg"], **context), shown(details["input"]), remedy


def _choose(expected: str, given: object) -> Words:
    """Words for a value that must be one of those in pydantic's list: 'a', 'b' or 'c'."""
    *some, last = expected.replace("'", "").replace(" or ", ", ").split(", ")
    near = _closest(given, [*some, last])
    rule = f"must be {', '.join(some)} or {last}" if some else f"must be {last}"
    return rule, shown(given), f"did you mean {near}?" if near else "choose one of them"


def _near(details: ErrorDetails) -> str | None:
    return _closest(details["loc"][-1], known_keys(details["loc"][:-1]))


def _closest(given: object, choices: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(str(given)[:SHOWN].lower(), list(choices), n=1)), None)
