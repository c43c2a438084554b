"""What a run leaves is its owner's alone, and no cell of it is run by a spreadsheet."""

import os
import stat

import numpy as np
import pandas as pd
import pytest

from optimizer import solve, verify
from optimizer.edge.outputs import write_frontier, write_json
from optimizer.edge.previous import read_previous

NAMES = ["=cmd|' /C calc'!A0", "-5", "'-5", "'t Hooft", "＝1", "+1", "@x", "00123"]


@pytest.mark.parametrize("write", [write_json, lambda frame, path: write_frontier(pd.DataFrame(frame), path)])
def test_a_file_of_its_own_is_its_owners_alone_even_in_place_of_one_that_was_not(tmp_path, write):
    path = tmp_path / "x"
    path.write_text("old")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        write({"figure": [1]}, path)
    finally:
        os.umask(before)
    assert path.read_text() != "old"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


def test_a_unit_may_be_called_like_a_formula(folder):
    units = pd.read_csv(folder / "applicants.csv", dtype={"student_id": str})
    units.loc[: len(NAMES) - 1, "student_id"] = NAMES
    units.to_csv(folder / "applicants.csv", index=False)
    plan = solve(folder / "small.yaml", out=folder / "out")
    written = pd.read_csv(folder / "out" / "allocation.csv", dtype=str)
    assert written.id.tolist()[: len(NAMES)] == [
        "'=cmd|' /C calc'!A0", "'-5", "''-5", "'t Hooft", "'＝1", "'+1", "'@x", "00123"
    ]  # fmt: skip
    verify(folder / "out")
    before = read_previous(folder / "out" / "allocation.csv", units.student_id.to_numpy(object))
    assert before.notes == ()
    np.testing.assert_array_equal(before.amount, plan.table.amount)


def test_a_plan_that_no_run_wrote_is_read_literally(tmp_path):
    (tmp_path / "plan.csv").write_text("id,amount\n'-5,7\n-5,9\n", encoding="utf-8")
    assert read_previous(tmp_path / "plan.csv", np.array(["-5", "'-5"], dtype=object)).amount.tolist() == [9, 7]
