"""Help, README and manual agree: every verb, every argument, every option, in the same words."""

import re
from enum import Enum
from pathlib import Path

import pytest
import typer

from optimizer import cli

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHARED = "Options that mean the same everywhere"


def leaves(commands, *path):
    """Each command that does something, by the words that call it."""
    for name, command in commands.items():
        inner = getattr(command, "commands", None)
        yield from leaves(inner, *path, name) if inner else [(" ".join(("bursar", *path, name)), command)]


COMMANDS = dict(leaves(typer.main.get_command(cli.app).commands))
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", MANUAL, re.MULTILINE | re.DOTALL))


def row(parameter):
    """A parameter as the manual has it."""
    if parameter.param_type_name == "argument":
        name = parameter.metavar
    else:
        name = " ".join([", ".join(parameter.opts), *([parameter.metavar] if parameter.metavar else [])])
    default = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
    told = default is not None and default is not False and default not in ("", []) and "default" not in parameter.help
    return f"| `{name.replace('|', chr(92) + '|')}` | {parameter.help}{f' Default: `{default}`.' if told else ''} |"


def rows_of(command):
    return [row(parameter) for parameter in command.params if parameter.name != "help"]


def test_the_manual_has_a_section_for_each_command_in_the_order_of_help():
    assert [name for name in SECTIONS if name.startswith("bursar ")] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_section_has_its_purpose_its_examples_and_every_option_in_the_words_of_help(name):
    command, section = COMMANDS[name], SECTIONS[name]
    assert command.help in section
    for example in re.findall(r"bursar .+", command.epilog):
        assert example in section
    shared = re.findall(r"^\| `.+\|$", SECTIONS[SHARED], re.MULTILINE)
    here = re.findall(r"^\| `.+\|$", section, re.MULTILINE)
    assert here == [one for one in rows_of(command) if one not in shared]
    also = re.search(r"^Also: (.+)\.$", section, re.MULTILINE)
    named = re.findall(r"`(.+?)`", also[1]) if also else []
    assert named == [one.split("`")[1].split()[0].rstrip(",") for one in rows_of(command) if one in shared]


def test_options_that_are_said_to_be_shared_are():
    every = [one for command in COMMANDS.values() for one in rows_of(command)]
    for one in re.findall(r"^\| `.+\|$", SECTIONS[SHARED], re.MULTILINE):
        assert every.count(one) > 1


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_lists_each_command(name):
    *above, last = name.split()
    listed = re.search(r"^## The command line\n.*?```console\n(.*?)```", README, re.MULTILINE | re.DOTALL)[1]
    assert re.search(rf"^{' '.join(above)} +(?:\w+\|)*{last}\b", listed, re.MULTILINE)


def test_the_readme_lists_no_other_command():
    listed = re.search(r"^## The command line\n.*?```console\n(.*?)```", README, re.MULTILINE | re.DOTALL)[1]
    names = re.findall(r"^(bursar(?: ledger)?) +([\w|-]+)", listed, re.MULTILINE)
    assert {f"{above} {last}" for above, several in names for last in several.split("|")} == set(COMMANDS)


def test_every_file_that_the_readme_and_the_manuals_link_to_is_there():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), (page.name, link)


def test_the_readme_has_every_exit_code():
    assert re.findall(r"^\| (\d+) \|", README, re.MULTILINE) == ["0", *map(str, range(2, 11)), "130", "143"]
