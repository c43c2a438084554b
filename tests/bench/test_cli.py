"""How long `--help` takes, from the shell to the prompt: under 0.3 s, by the quickest of several starts.

Whatever else the machine has to do makes some of them slower.
"""

import subprocess
import sys
import time

import pytest
import typer

from optimizer import cli

STARTS = 7
ENOUGH = 0.3
"""Seconds."""


@pytest.mark.parametrize("verb", ["", *typer.main.get_command(cli.app).commands])
def test_help_is_quick(verb):
    words = [sys.executable, "-m", "optimizer.cli", *verb.split(), "--help"]
    seconds = []
    for _ in range(STARTS):
        start = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    print(f"\nbursar {verb} --help: {min(seconds):.2f} s")
    assert min(seconds) < ENOUGH
