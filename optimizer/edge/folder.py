"""All or nothing: results are written beside their folder and take its place by one rename, or leave no trace.

    with writing(Path("out")) as temporary:
        (temporary / "allocation.csv").write_text(…)

A run that is killed outright leaves its temporary folder; the next one for the same place removes it.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from optimizer.errors import WriteError

MARK = "certificate.json"
"""A folder that holds this was written by bursar and may be replaced by its next result."""

OWN_FOLDER, OWN_FILE = 0o700, 0o600
"""A result says who gets what: its files are their owner's alone, whatever the umask."""

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `folder` if the block ends well.

    An earlier result in `folder` is replaced whole. After any exception, KeyboardInterrupt included, `folder` is what it
    was before. Files reach the disk before the rename, so that a power cut leaves the old result or the new one.

    Raises
    ------
    WriteError
        If `folder` holds something bursar did not write, or it, or a file in it, cannot be written.
    """
    target = folder.expanduser().resolve()
    _check_ours(target, folder)
    home = next(parent for parent in target.parents if parent.exists())
    _tidy(home, target)
    temporary = home / _beside(target, "new")
    try:
        temporary.mkdir(mode=OWN_FOLDER)
        yield temporary
        _close_to_others(temporary)
        _flush(temporary)
        _check_ours(target, folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, temporary)
    except OSError as error:
        if not _is_ours(error, home):
            raise
        reason = error.strerror or str(error)
        raise WriteError(f"{folder}: cannot be written: {reason}; free some space, or choose another --out") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_ours(target: Path, folder: Path) -> None:
    try:
        file = target.exists() and not target.is_dir()
        foreign = target.is_dir() and not (target / MARK).is_file() and any(target.iterdir())
    except OSError as error:
        raise WriteError(f"{folder}: cannot be read: {error.strerror}; choose another --out") from error
    if file:
        raise WriteError(f"{folder}: must be a folder, got a file; choose another --out")
    if foreign:
        raise WriteError(f"{folder}: holds files that bursar did not write (there is no {MARK}); choose another --out")


def _replace(target: Path, temporary: Path) -> None:
    """Rename aside, rename in, delete; a failed second rename puts the first back."""
    aside = target.parent / _beside(target, "old")
    replaced = target.exists()
    if replaced:
        target.rename(aside)
    try:
        temporary.rename(target)
    except BaseException:
        if replaced:
            aside.rename(target)
        raise
    _sync(target.parent)
    if replaced:
        shutil.rmtree(aside, ignore_errors=True)


def _beside(target: Path, what: str) -> str:
    return f".{target.name}.bursar-{what}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def _tidy(home: Path, target: Path) -> None:
    """Remove what runs that are no longer alive left here, on this machine; give back a result that lost its name."""
    left = re.compile(rf"\.{re.escape(target.name)}\.bursar-(new|old)-{re.escape(socket.gethostname())}-(\d+)-[0-9a-f]{{8}}")
    with suppress(OSError):
        for path in home.iterdir():
            found = left.fullmatch(path.name)
            if found is None or alive(int(found[2])):
                continue
            if found[1] == "old" and not target.exists():
                path.rename(target)
            else:
                shutil.rmtree(path, ignore_errors=True)


def alive(pid: int) -> bool:
    """Whether a process of this machine runs under that number; where that cannot be asked, it does."""
    if os.name != "posix":
        # Elsewhere signal 0 is no mere question; a leftover folder costs less than a killed process.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _close_to_others(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(OWN_FOLDER)
        for file in files:
            Path(parent, file).chmod(OWN_FILE)


def _flush(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        for file in files:
            _sync(Path(parent, file))
        _sync(Path(parent))


def _sync(path: Path) -> None:
    """Wait until the path's bytes, or a folder's names, are on the disk."""
    if path.is_dir() and os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_ours(error: OSError, home: Path) -> bool:
    """Whether the fault lies with what we write, rather than with something else the block did."""
    return error.errno in FULL or (isinstance(error.filename, str | Path) and Path(error.filename).is_relative_to(home))
