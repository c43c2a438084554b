"""A result is there whole or not at all."""

import errno
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from optimizer.edge.folder import MARK, writing
from optimizer.errors import WriteError


def write(folder, text="new", **files):
    with writing(folder) as temporary:
        (temporary / MARK).write_text(text)
        for name, content in files.items():
            (temporary / name).write_text(content)


def fail(folder, error):
    with writing(folder) as temporary:
        (temporary / MARK).write_text("half")
        raise error


def test_a_result_appears_with_all_its_files_and_nothing_is_left_beside_it(tmp_path):
    with writing(tmp_path / "out") as temporary:
        assert not (tmp_path / "out").exists()
        (temporary / "model").mkdir()
        (temporary / "model" / "model.skops").write_bytes(b"m")
    assert (tmp_path / "out" / "model" / "model.skops").read_bytes() == b"m"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_folders_above_are_made_only_when_the_result_is_there(tmp_path):
    with writing(tmp_path / "a" / "b" / "out") as temporary:
        (temporary / MARK).write_text("x")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a" / "b" / "out" / MARK).exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_earlier_result_is_replaced_whole(tmp_path):
    write(tmp_path / "out", "old", stale="stale")
    write(tmp_path / "out", "new")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [MARK]
    assert (tmp_path / "out" / MARK).read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    write(tmp_path / "out")
    assert (tmp_path / "out" / MARK).read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_after_any_exception_the_earlier_result_is_untouched_and_nothing_is_left(tmp_path, error):
    write(tmp_path / "out", "old")
    with pytest.raises(error):
        fail(tmp_path / "out", error)
    assert (tmp_path / "out" / MARK).read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_after_an_exception_there_is_no_output_folder_where_there_was_none(tmp_path):
    with pytest.raises(ValueError, match="no"), writing(tmp_path / "a" / "out"):
        raise ValueError("no")
    assert list(tmp_path.iterdir()) == []


def test_somebody_elses_folder_is_refused_before_any_work_and_kept(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(WriteError, match=r"holds files that bursar did not write.*choose another --out"), writing(tmp_path):
        pytest.fail("the block must not start")
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_files_that_appear_meanwhile_are_kept(tmp_path):
    intruder = tmp_path / "out" / "thesis.txt"
    with pytest.raises(WriteError, match="did not write"), writing(tmp_path / "out") as temporary:
        shutil.copytree(temporary, intruder.parent) and intruder.write_text("precious")
    assert (tmp_path / "out" / "thesis.txt").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(WriteError, match="must be a folder, got a file; choose another --out"), writing(tmp_path / "out"):
        pytest.fail("the block must not start")


def test_a_parent_that_is_a_file_is_a_write_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(WriteError, match="cannot be written: Not a directory"), writing(tmp_path / "file" / "out"):
        pytest.fail("the block must not start")


def test_a_parent_that_may_not_be_written_is_a_write_error(tmp_path, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(WriteError, match="cannot be written: Permission denied"), writing(tmp_path / "out"):
        pytest.fail("the block must not start")


def test_a_full_disk_is_a_write_error_and_leaves_nothing(tmp_path):
    with pytest.raises(WriteError, match="No space left on device; free some space"), writing(tmp_path / "out"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


def test_another_fault_of_the_block_is_not_taken_for_a_write_error(tmp_path):
    with pytest.raises(BrokenPipeError), writing(tmp_path / "out"):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_a_rename_that_fails_puts_the_earlier_result_back(tmp_path, monkeypatch):
    write(tmp_path / "out", "old")
    rename = Path.rename

    def fail(self, target):
        if ".bursar-new-" in self.name:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(WriteError, match="Permission denied"):
        write(tmp_path / "out", "new")
    assert (tmp_path / "out" / MARK).read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


KILLED = """
import os, sys
from pathlib import Path
from optimizer.edge.folder import writing
with writing(Path(sys.argv[1])) as temporary:
    (temporary / "half").write_text("half")
    os._exit(9)
"""


def test_what_a_killed_run_left_is_removed_by_the_next_and_only_that(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "out"], check=False, cwd=Path(__file__).parents[2])
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".out.bursar-new-")
    with writing(tmp_path / "out") as alive:
        write(tmp_path / "out", "second")
        assert alive.exists()
        assert not left.exists()
        (alive / MARK).write_text("first")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_result_that_lost_its_name_between_two_renames_is_given_it_back(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "out"], check=False, cwd=Path(__file__).parents[2])
    (left,) = tmp_path.iterdir()
    (left / MARK).write_text("old")
    left.rename(left.with_name(left.name.replace("-new-", "-old-")))
    with pytest.raises(ValueError, match="no"), writing(tmp_path / "out"):
        raise ValueError("no")
    assert (tmp_path / "out" / MARK).read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    write(tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "real" / MARK).exists()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_result_is_its_owners_alone_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        with writing(tmp_path / "out") as temporary:
            (temporary / MARK).write_text("x")
            (temporary / "model").mkdir()
            (temporary / "model" / "model.skops").write_bytes(b"m")
            assert stat.S_IMODE(temporary.stat().st_mode) == 0o700
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"out": 0o700, MARK: 0o600, "model": 0o700, "model.skops": 0o600}
