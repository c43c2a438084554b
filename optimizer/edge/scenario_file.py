"""A scenario file becomes a Scenario, or every fault of it at once: where, what, got, remedy.

read → tree (`yaml_tree`) → overrides → Scenario (`optimizer.problem.scenario`) → faults at the lines they stand on
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML

from optimizer.edge.overrides import override
from optimizer.edge.scenario_faults import place_faults
from optimizer.edge.yaml_tree import Node, Ranked, Text
from optimizer.errors import Fault, ScenarioError
from optimizer.problem.scenario import Scenario
from optimizer.problem.scenario_part import shown

LARGEST_FILE = 2**18
"""Bytes; a scenario of a hundred limits has some thousand."""


def read_scenario(path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """Read a YAML file in UTF-8; paths in it are relative to its folder. Each override, KEY.KEY=VALUE, wins over the file.

    Raises
    ------
    ScenarioError
        If the file cannot be read or what it says cannot be meant; carries every fault, by line, overrides last.
    """
    text = Text(name=str(path), text=_read(Path(path), str(path)))
    root = text.tree()
    if root is None:
        raise _told(text.faults)
    if not isinstance(root.value, dict):
        remedy = "write `key: value` lines, such as `name: scholarship`"
        raise _told(text.faults or [(root.order, Fault(root.where, "must be a mapping", shown(root.plain()), remedy))])
    faults = text.faults + override(root, overrides)
    scenario, wrong = _validate(root, Path(path).absolute().parent)
    # What a faulty text was read as says nothing: one mistake, one line.
    said = {fault.where for _, fault in faults}
    faults += [(order, fault) for order, fault in wrong if fault.where not in said]
    if scenario is None or faults:
        raise _told(faults)
    return scenario


def write_yaml(scenario: Scenario) -> str:
    """The scenario as YAML that says all of it, defaults too, and reads back as an equal one."""
    readable = _dump(scenario, allow_unicode=True)
    # A character that does not print (U+0085, a line end to YAML 1.1) survives only when it is escaped.
    return readable if readable.replace("\n", "").isprintable() else _dump(scenario, allow_unicode=False)


def _dump(scenario: Scenario, *, allow_unicode: bool) -> str:
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.allow_unicode = False, allow_unicode
    yaml.width = LARGEST_FILE  # lines are not folded: a fold inside quotes can lose a control character
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # its stub takes the default for the type
    yaml.dump(scenario.resolved(), stream)
    return stream.getvalue()


def _read(path: Path, name: str) -> str:
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "does not exist"
        raise ScenarioError(Fault(name, kind, "", "name a scenario file, such as scenarios/scholarship.yaml"))
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ScenarioError(Fault(name, f"cannot be read: {error.strerror}", "", "check the file's permissions")) from None
    if len(content) > LARGEST_FILE:
        raise ScenarioError(Fault(name, "is larger than 256 KiB", "", "name the scenario, not a table; tables go under `table:`"))
    return _decode(content, name)


def _decode(content: bytes, name: str) -> str:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in content and not wide:
        raise ScenarioError(Fault(name, "is not a text file", "", "name a scenario, a YAML file in UTF-8"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        where = name if wide else f"{name}:{line}"
        got = "UTF-16" if wide else f"byte 0x{content[error.start]:02x}"
        raise ScenarioError(Fault(where, "is not UTF-8 text", got, "save the file with the encoding UTF-8")) from None


def _told(faults: Sequence[Ranked]) -> ScenarioError:
    """The faults by line, each once."""
    return ScenarioError(*(fault for _, fault in sorted(dict.fromkeys(faults), key=lambda ranked: ranked[0])))


def _validate(root: Node, folder: Path) -> tuple[Scenario | None, list[Ranked]]:
    try:
        return Scenario.model_validate(root.plain(), context={"folder": folder}), []
    except ValidationError as error:
        return None, place_faults(root, error.errors(include_url=False))
