"""The command line as a shell calls it: words → exit code, stdout, stderr."""

import pytest

from optimizer import cli


@pytest.fixture
def run(capfd):
    def call(*argv):
        code = cli.main([str(word) for word in argv])
        out, err = capfd.readouterr()
        return code, out, err

    return call
