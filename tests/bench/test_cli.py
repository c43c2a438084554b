"""How long `--help` takes: under 0.3 s of the processor, which is the time that passes where nothing else is to be done."""

import resource
import subprocess
import sys
import time

import pytest
import typer

from optimizer import cli

STARTS = 5
ENOUGH = 0.3
"""Seconds."""


def start(words):
    """Seconds of the processor, and on the clock."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return busy, time.perf_counter() - begun


@pytest.mark.parametrize("verb", ["", *typer.main.get_command(cli.app).commands])
def test_help_is_quick(verb, capsys):
    words = [sys.executable, "-m", "optimizer.cli", *verb.split(), "--help"]
    busy, passed = map(min, zip(*(start(words) for _ in range(STARTS)), strict=True))
    with capsys.disabled():
        print(f"\nbursar {verb} --help: {busy:.2f} s of the processor, {passed:.2f} s on the clock")
    assert busy < ENOUGH
