"""Help that is quick, options that mean the same everywhere, pipes, completion, and errors that nobody foresaw."""

import json
import logging
import os
import subprocess
import sys
from importlib.metadata import version

import pytest
import typer

from optimizer import cli
from optimizer.cli.judging import STUDIES
from optimizer.cli.shared import clean_stdout, log
from optimizer.studies import study

COMMANDS = typer.main.get_command(cli.app).commands
HEAVY = ("gurobipy", "numpy", "pandas", "plotly", "pyarrow", "scipy", "sklearn", "sqlalchemy", "dash", "ruamel")


def process(*argv, **keys):
    return subprocess.Popen([sys.executable, "-m", "optimizer.cli", *map(str, argv)], **keys)


def leaves(commands, *path):
    """Each command that does something, and the words that call it."""
    for name, command in commands.items():
        inner = getattr(command, "commands", None)
        yield from leaves(inner, *path, name) if inner else [((*path, name), command)]


ALL = dict(leaves(COMMANDS))


def test_help_of_every_command_imports_nothing_heavy():
    script = f"""
import sys
from optimizer import cli
for words in {[[*path, "--help"] for path in ALL] + [["--help"], ["--version"]]}:
    assert cli.main(words) == 0, words
print(sorted(set({HEAVY}) & set(sys.modules)))
"""
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_says_what_it_does_with_an_example_and_has_the_shared_options(path):
    command = ALL[path]
    assert command.help.endswith((".", "?"))
    assert f"bursar {' '.join(path)}" in command.epilog
    options = {option for parameter in command.params for option in parameter.opts}
    if path not in (("schema",), ("explore",)):
        assert "--json" in options
        assert {"--quiet", "-q", "--verbose", "-v"} <= options or not {"--quiet", "-q", "--verbose", "-v"} & options
    assert all(parameter.help for parameter in command.params if parameter.name != "help")


def test_the_version_is_that_of_the_package(run):
    assert run("--version") == (0, f"bursar {version('bursar')}\n", "")


def test_quiet_prints_errors_only_and_json_its_document(run, folder):
    small = folder / "small.yaml"
    for words in (
        ("solve", small, "--out", folder / "out"),
        ("check", small),
        ("verify", folder / "out"),
        ("frontier", small, "--points", 2),
    ):
        assert run(*words, "--quiet") == (0, "", "")
    code, out, err = run("check", small, "-q", "--json")
    assert json.loads(out)["units"] == "60"
    code, out, err = run("check", folder / "smaal.yaml", "-q")
    assert (code, out) == (2, "")
    assert "smaal.yaml" in err
    code, out, err = run("check", small, "-q", "-v")
    assert (code, out) == (2, "")
    assert "contradict" in err


def test_verbose_says_each_stage_and_stdout_stays_clean(run, folder):
    code, out, err = run("solve", folder / "small.yaml", "--verbose", "--json")
    assert code == 0
    assert json.loads(out)["name"] == "small"
    for stage in ("read the tables", "fit the model", "price the limits"):
        assert stage in err.splitlines()


def test_a_wrong_command_line_is_code_2_on_stderr(run, folder):
    for words in (("solve",), ("solve", folder / "small.yaml", "--otu", "x"), ("solve", folder / "small.yaml", "--lang", "de")):
        code, out, err = run(*words)
        assert (code, out) == (2, "")
        assert "Usage: bursar solve" in err


def test_an_error_that_nobody_foresaw_is_a_sentence_and_a_traceback_where_asked_for(run, monkeypatch, folder):
    def broken(*_args, **_keys):
        raise ZeroDivisionError("division by\nzero")

    monkeypatch.setattr("optimizer.run.describe", broken)
    code, out, err = run("check", folder / "small.yaml")
    assert (code, out) == (1, "")
    assert err.startswith("bursar: ZeroDivisionError: division by zero; ")
    assert "BURSAR_DEBUG=1" in err
    assert len(err.splitlines()) == 1
    assert "Traceback" in run("check", folder / "small.yaml", "--verbose")[2]
    monkeypatch.setenv("BURSAR_DEBUG", "1")
    assert "in broken" in run("check", folder / "small.yaml")[2]


def test_what_libraries_print_is_not_shown_unless_steps_are(capfd):
    for verbose in (False, True):
        log(verbose=verbose)
        with clean_stdout() as stdout:
            os.write(1, b"chatter\n")
            stdout.write("result\n")
        out, err = capfd.readouterr()
        assert (out, err) == ("result\n", "chatter\n" if verbose else "")
    logging.getLogger().handlers.clear()


@pytest.mark.parametrize("words", [("--help",), ("schema",), ("check", "small.yaml")])
def test_a_reader_that_goes_away_ends_it_quietly(folder, words):
    with process(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder) as ended:
        ended.stdout.close()
        err = ended.stderr.read()
        assert ended.wait() in (0, 1)
    assert err == b""


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_reaches_a_pipe(run, monkeypatch, folder, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for words in (("--help",), ("solve", "--help"), ("frontier", folder / "small.yaml", "--points", 2), ("slove",)):
        assert "\x1b" not in "".join(map(str, run(*words)))


@pytest.fixture
def completed(run, monkeypatch):
    """What the shell is offered at the end of a line."""

    def at(line):
        monkeypatch.setenv("_BURSAR_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - (0 if line.endswith(" ") else 1)))
        return run()[1].split()

    return at


def test_the_shell_completes_verbs_studies_scenarios_keys_and_languages(completed, monkeypatch, folder):
    monkeypatch.chdir(folder.parent)
    small = f"{folder.name}/small.yaml"
    assert completed("bursar ev") == ["evaluate"]
    assert completed("bursar study tr") == ["transfer-1", "transfer-2"]
    assert completed(f"bursar check {folder.name}") == [small]
    assert completed(f"bursar check {folder.name}/s") == [small]
    assert completed("bursar check no/such/") == []
    assert completed(f"bursar solve {small} --set limits.0.at") == ["limits.0.at_most="]
    assert completed("bursar solve nowhere.yaml --set lim") == []
    assert completed(f"bursar solve {small} --lang ") == ["en", "ja"]


def test_the_completion_script_is_shown(run, monkeypatch):
    # Else it is that of the shell which runs the tests, should one do.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    code, out, _ = run("--show-completion", "bash")
    assert code == 0
    assert "_BURSAR_COMPLETE=complete_bash" in out


def test_the_studies_that_are_completed_are_those_that_there_are():
    assert STUDIES == study.STUDIES
