"""`bursar explore`: the address is what it prints, and Ctrl-C ends it."""

import re
import signal
import subprocess
import sys


def test_it_prints_its_address_and_ends_with_ctrl_c(folder):
    command = [sys.executable, "-m", "optimizer.cli", "explore", folder / "small.yaml", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{40,}\n", address)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "stopped; nothing was written\n")
