"""What every part of a scenario shares: frozen, closed to unknown keys, and faults that know their key.

    raise reject(fault(what, remedy, at=(key, …)), …)   one line each, with the file's line, where a scenario is read

Shares are exact: ``12.5 %`` is 1/8, never the float that is nearest to it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError

SHOWN = 60
"""A value is quoted in a message up to this many characters."""

PERCENT_SCHEMA = {"type": "string", "pattern": r"^[0-9][0-9_]*(\.[0-9]+)? *%$", "examples": ["20%"]}
# Editors that read YAML 1.2 to the letter take 2_500_000 for text, the reader takes it for a number.
DIGITS_SCHEMA = {"type": "string", "pattern": "^[0-9][0-9_]*$"}

_PERCENT = re.compile(r"(-?[0-9][0-9_]{0,30}(?:\.[0-9]{1,400})?) *%")
_SENTENCE = re.compile(r"(?P<place>[^:]*): (?P<what>.*?)(?:, got (?P<got>.*?))?(?:; (?P<remedy>.*))?", re.DOTALL)

Column = Annotated[str, Field(min_length=1)]
Whole = Annotated[int, WithJsonSchema({"anyOf": [{"type": "integer"}, DIGITS_SCHEMA]})]


class Part(BaseModel):
    """A mapping of the scenario file: no unknown key, no coercion, no change afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True)


def shown(value: object) -> str:
    """A value as a message quotes it: as YAML writes it, on one line, at most `SHOWN` characters."""
    match value:
        case None:
            text = "nothing"
        case bool():
            text = str(value).lower()
        case int() if value.bit_length() > SHOWN * 4:
            text = f"a number of {value.bit_length()} bits"
        case str() | int() | float() | list() | dict():
            text = repr(value)
        case _:
            text = str(value)
    return _shortened(text)


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def one_line(text: str) -> str:
    """A key or a path as a message spells it: what does not print is escaped."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def fault(what: str, remedy: str = "", *, at: tuple[int | str, ...] = (), got: str = "") -> InitErrorDetails:
    """One thing that is wrong; `at` is its key path below the part that is being checked."""
    sentence = "{what}" + (", got {got}" if got else "") + ("; {remedy}" if remedy else "")
    return InitErrorDetails(
        type=PydanticCustomError("fault", sentence, {"what": what, "got": got, "remedy": remedy}), loc=at, input=None
    )


def reject(*faults: InitErrorDetails) -> ValidationError:
    """The error for a validator to raise; pydantic adds the key path at which that validator stands."""
    return ValidationError.from_exception_data("scenario", list(faults))


def translate(error: ValueError) -> ValidationError:
    """What a constructor of `optimizer.problem` says (*place: what, got, remedy*), as a fault at the key it names.

    The place starts with the part itself (``amounts.step``, ``limit cost.at_most``), except for ``where``, a key of its own.
    """
    sentence = _SENTENCE.fullmatch(str(error))
    if sentence is None:
        return reject(fault(str(error)))
    first, *keys = sentence["place"].split(".")
    at = ("where", *keys) if first == "where" else tuple(keys)
    return reject(fault(sentence["what"], sentence["remedy"] or "", at=at, got=_shortened(sentence["got"] or "")))


class Buildable(Protocol):
    """A part that builds the value of `optimizer.problem` that it describes."""

    def build(self) -> object:
        """The value."""


Described = TypeVar("Described", bound=Buildable)


def built(part: Described) -> Described:
    """The part, if what it describes can be built.

    Raises
    ------
    ValidationError
        What the constructor says, as a fault at the key it names.
    """
    try:
        part.build()
    except ValueError as error:
        raise translate(error) from None
    return part


def parse_percent(text: str) -> Fraction | None:
    """The share that ``20%`` or ``12.5 %`` says, exactly; None if the text is no percentage."""
    written = _PERCENT.fullmatch(text.strip())
    return None if written is None else Fraction(written[1]) / 100


def format_percent(share: Fraction) -> str:
    """The percentage that `parse_percent` reads back as `share`, which was once written in decimals."""
    digits = 0
    while (share * 10 ** (digits + 2)).denominator != 1:
        digits += 1
    whole = int(share * 10 ** (digits + 2))
    return f"{Decimal((0, tuple(map(int, str(whole))), -digits)):f}%"
