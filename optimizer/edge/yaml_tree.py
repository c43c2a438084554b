"""YAML text as a tree of nodes that know their line; only text, numbers, true/false, lists and mappings can come of it.

The tree is built from the parser's events, so that no tag is ever constructed, no alias expanded, and nothing is nested
deeper than `MAX_DEPTH`, whatever the text says. Scalars are read by the core schema of YAML 1.2 (§10.3.2: `no` and `F`
are text), where `_` may group the digits of a number: 2_500_000.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from optimizer.errors import Fault
from optimizer.problem.scenario_part import shown

MAX_DEPTH = 9
"""Mappings and lists inside one another; a calibrated pipeline with parameters needs this many."""

Ranked = tuple[tuple[int, int], Fault]
"""A fault and its place in the report: the file's come first, by line, then those of each override."""
Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?[0-9][0-9_]{0,999}")
_BASED = re.compile(r"0o[0-7]{1,99}|0x[0-9a-fA-F]{1,99}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_THOUSANDS = re.compile(r"[0-9]{3}")
_INFINITE = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|(\.(?:nan|NaN|NAN))")


class _TooDeep(Exception):
    """Ends the reading: the parser's work grows with the square of the depth."""


@dataclass(slots=True)
class Node:
    """A value of the file and where it stands: the line of its key, or of itself in a list."""

    value: Scalar | dict[Any, Node] | list[Node]
    where: str
    order: tuple[int, int]

    def plain(self) -> Any:
        """The value without places."""
        match self.value:
            case dict():
                return {key: child.plain() for key, child in self.value.items()}
            case list():
                return [child.plain() for child in self.value]
        return self.value


@dataclass(slots=True, kw_only=True)
class Text:
    """A YAML text, what it is called in messages, and the faults met while reading it.

    Attributes
    ----------
    name : path of the file, or the override as it was typed.
    text : the YAML.
    rank : 0 for the file, 1, 2, … for overrides; faults are reported in this order, then by line.
    faults : those of the text itself, by order; of the values, there are none yet.
    """

    name: str
    text: str
    rank: int = 0
    faults: list[Ranked] = field(default_factory=list)

    def tree(self) -> Node | None:
        """The root of the tree; None if there is none, and then a fault says why."""
        try:
            return self._document(iter(YAML(typ="safe", pure=True).parse(self.text)))
        except _TooDeep:
            return None
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = " ".join((error.problem or error.context or "cannot be read").split())
            self._fault(
                0 if mark is None else mark.line,
                f"is not valid YAML: {problem}",
                "look here and one line above for a missing quote, bracket, or space after a colon",
            )
        except ReaderError as error:
            self._fault(
                self.text.count("\n", 0, error.position),
                "holds a character that YAML does not allow",
                "remove it",
                f"U+{int(error.character):04X}",
            )
        except (YAMLError, ValueError, OverflowError) as error:
            self._fault(0, f"is not valid YAML: {' '.join(str(error).split())[:80]}", "check the line's quotes and escapes")
        return None

    def _document(self, events: Iterator[Event]) -> Node | None:
        root = None
        for event in events:
            if isinstance(event, DocumentStartEvent) and root is not None:
                self._fault(event.start_mark.line, "starts a second document", "keep one scenario in a file, without further ---")
                break
            if _opens(event) or isinstance(event, ScalarEvent | AliasEvent):
                root = self._node(events, event, event.start_mark.line, 1)
        if root is None and not self.faults:
            self._fault(0, "is empty", "write at least name, units, history, model and amounts")
        return root

    def _node(self, events: Iterator[Event], event: Event, line: int, depth: int) -> Node:
        self._refuse_extras(event, event.start_mark.line)
        match event:
            case ScalarEvent():
                return self._at(line, resolve(event.value) if event.implicit[0] else event.value)
            case MappingStartEvent() | SequenceStartEvent() if depth > MAX_DEPTH:
                self._fault(event.start_mark.line, f"is nested more than {MAX_DEPTH} levels deep", "write it flatter")
                raise _TooDeep
            case MappingStartEvent():
                return self._at(line, self._mapping(events, depth))
            case SequenceStartEvent():
                return self._at(line, [self._node(events, item, item.start_mark.line, depth + 1) for item in _inside(events)])
        return self._at(line, None)

    def _mapping(self, events: Iterator[Event], depth: int) -> dict[Any, Node]:
        children: dict[Any, Node] = {}
        first: dict[Any, int] = {}
        for event in _inside(events):
            line = event.start_mark.line
            key = self._node(events, event, line, depth + 1).value
            value = next(events)
            child = self._node(events, value, line, depth + 1)
            if isinstance(key, list | dict) or isinstance(event, AliasEvent):
                self._fault(line, "has a key that is no plain text", "write `key: value`, with a single word as the key")
            elif _split_number(event, value):
                self._fault(line, "has a number where a key belongs", "write 120_000_000, not 120,000,000: a comma ends a value")
            elif key in children:
                self._fault(line, f"key {shown(key)} stands twice", f"it is on line {first[key] + 1} too: keep one of them")
            else:
                children[key], first[key] = child, line
        return children

    def _refuse_extras(self, event: Event, line: int) -> None:
        tag, anchor = getattr(event, "tag", None), getattr(event, "anchor", None)
        if tag:
            self._fault(line, "tags are not allowed", "remove the word that starts with !", _shorthand(str(tag)))
        if isinstance(event, AliasEvent):
            self._fault(line, "aliases are not allowed", "write the value out, or quote text that starts with *", f"*{anchor}")
        elif anchor:
            self._fault(line, "anchors are not allowed", "remove it, or quote text that starts with &", f"&{anchor}")

    def _at(self, line: int, value: Scalar | dict[Any, Node] | list[Node]) -> Node:
        return Node(value, f"{self.name}:{line + 1}" if self.rank == 0 else self.name, (self.rank, line))

    def _fault(self, line: int, what: str, remedy: str, got: str = "") -> None:
        node = self._at(line, None)
        self.faults.append((node.order, Fault(node.where, what, got, remedy)))


def resolve(text: str) -> Scalar:
    """The value of a plain scalar under the core schema, with `_` among a number's digits."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text.replace("_", ""))
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    if infinite := _INFINITE.fullmatch(text):
        return float("nan") if infinite[2] else float(f"{infinite[1]}inf")
    return text


def _split_number(key: Event, value: Event) -> bool:
    """Whether this is the 000 of 120,000: a key of three digits that nothing follows."""
    digits, nothing = getattr(key, "value", None) or "", getattr(value, "value", None)
    return nothing == "" and _THOUSANDS.fullmatch(digits) is not None


def _opens(event: Event) -> bool:
    return isinstance(event, MappingStartEvent | SequenceStartEvent)


def _closes(event: Event) -> bool:
    return isinstance(event, MappingEndEvent | SequenceEndEvent)


def _inside(events: Iterator[Event]) -> Iterator[Event]:
    """The events that open an item or a key of the innermost list or mapping, up to its end."""
    for event in events:
        if _closes(event):
            return
        yield event


def _shorthand(tag: str) -> str:
    for long, short in (("tag:yaml.org,2002:python/", "!!python/"), ("tag:yaml.org,2002:", "!!")):
        if tag.startswith(long):
            return shown(f"{short}{tag.removeprefix(long)}").strip("'")
    return shown(tag).strip("'")
