"""A Parquet table of one file or many, at a path or an URL, read whole or in pieces of consecutive rows.

The files of a folder are read in the order of their names, names that begin with `_` or `.` left out. The table's digest is the
sha256 of its file's bytes; of a folder, that of its files' names and digests.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from optimizer.errors import DataError

ROWS = 250_000
"""Rows of a piece, as near as whole groups of rows come."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/+")
"""What a path begins with that stands for an URL; `Path` has taken one of its slashes."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Groups of rows of a file, one after the other."""

    file: str
    groups: tuple[int, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive rows of a table.

    Attributes
    ----------
    first : the place of its first row in the table.
    """

    chunks: tuple[Chunk, ...]
    first: int

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(chunk.rows for chunk in self.chunks)


def url_of(path: Path) -> str | None:
    """The URL that a path stands for; None if it is one of this machine."""
    found = _SCHEME.match(str(path))
    if found is None or found[1] == "file":
        return None
    return f"{found[1]}://{str(path)[found.end() :]}"


def is_many(path: Path) -> bool:
    """Whether the path is a folder of Parquet files, or stands elsewhere."""
    return url_of(path) is not None or _local(path).is_dir()


def files_of(path: Path) -> tuple[str, ...]:
    """The files of a table, in order.

    Raises
    ------
    DataError
        If there is none.
    """
    url = url_of(path)
    if url is None and not _local(path).is_dir():
        return (str(_local(path)),)
    try:
        found = _listed(url) if url else [str(file) for file in _local(path).iterdir()]
    except OSError as wrong:
        raise DataError(f"{url or path}: cannot be read: {wrong}; check the path and its permissions") from wrong
    files = sorted(file for file in found if file.endswith(".parquet") and not file.rsplit("/", 1)[-1].startswith(("_", ".")))
    if not files:
        raise DataError(f"{url or path}: is a folder that holds no .parquet file; name the file in it")
    return tuple(files)


def chunks_of(file: str) -> tuple[Chunk, ...]:
    """A file's groups of rows.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    with _reading(file), _open(file) as opened:
        told = pq.ParquetFile(opened).metadata
        return tuple(Chunk(file, (group,), told.row_group(group).num_rows) for group in range(told.num_row_groups))


def pieces_of(chunks: Iterable[Chunk], rows: int = ROWS) -> tuple[Piece, ...]:
    """The rows of a table in pieces: as many chunks together as begin within `rows` rows."""
    pieces: list[Piece] = []
    own: list[Chunk] = []
    first = done = 0
    for chunk in chunks:
        if own and done - first + chunk.rows > rows:
            pieces.append(Piece(_merged(own), first))
            own, first = [], done
        own.append(chunk)
        done += chunk.rows
    return (*pieces, Piece(_merged(own), first)) if own else tuple(pieces)


def read_chunks(chunks: Sequence[Chunk], columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of these chunks, one after the other.

    Raises
    ------
    DataError
        If a file cannot be read, or the files' columns differ.
    """
    tables = []
    for chunk in chunks:
        with _reading(chunk.file), _open(chunk.file) as opened:
            file = pq.ParquetFile(opened)
            held = file.schema_arrow.names
            kept = None if columns is None else [name for name in columns if name in held]
            tables.append(file.read_row_groups(list(chunk.groups), columns=kept))
    if any(table.column_names != tables[0].column_names for table in tables):
        raise DataError(f"{chunks[0].file}: the files of a table must have the same columns in the same order; write them alike")
    with _reading(chunks[0].file):
        # Types may differ where a file has no fraction, or nothing at all, in a column.
        return pa.concat_tables(tables, promote_options="permissive")


def read_rows(chunks: Sequence[Chunk], first: int, last: int) -> pa.Table:
    """The rows first … last − 1 of a table that consists of these chunks."""
    kept: list[Chunk] = []
    begin, done = 0, 0
    for chunk in chunks:
        if done + chunk.rows > first and done < last:
            begin = begin if kept else done
            kept.append(chunk)
        done += chunk.rows
    return read_chunks(kept).slice(first - begin, last - first)


def write_part(table: pd.DataFrame, folder: Path, name: str) -> str:
    """Write a part of a table; another attempt at it writes the same. Returns its digest."""
    file, aside = folder / name, folder / f".{name}.new"
    table.to_parquet(aside, index=False)
    aside.replace(file)
    return digest_of_file(str(file))


def digest_of_file(file: str) -> str:
    """The sha256 of a file's bytes, hexadecimal."""
    with _reading(file), _open(file) as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def digest_of(path: Path, files: Sequence[str], digests: Sequence[str]) -> str:
    """The digest of a table, given those of its files."""
    if not is_many(path):
        return digests[0]
    told = "".join(f"{file.rsplit('/', 1)[-1]} {digest}\n" for file, digest in zip(files, digests, strict=True))
    return hashlib.sha256(told.encode()).hexdigest()


def _merged(chunks: Sequence[Chunk]) -> tuple[Chunk, ...]:
    """Groups of one file as one chunk."""
    merged: list[Chunk] = []
    for chunk in chunks:
        if merged and merged[-1].file == chunk.file:
            last = merged.pop()
            chunk = Chunk(chunk.file, (*last.groups, *chunk.groups), last.rows + chunk.rows)  # noqa: PLW2901 — it grows
        merged.append(chunk)
    return tuple(merged)


def _local(path: Path) -> Path:
    return Path(re.sub(r"^file:/+", "/", str(path)))


def _listed(url: str) -> list[str]:
    fs, place = _far(url)
    scheme = url.split("://", 1)[0]
    if fs.isfile(place):
        return [url]
    return [f"{scheme}://{file}" for file in fs.ls(place, detail=False)]


def _open(file: str) -> Any:
    if "://" not in file:
        return Path(file).open("rb")
    fs, place = _far(file)
    return fs.open(place, "rb")


def _far(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 — an extra
    except ImportError as wrong:
        raise DataError(f'{url}: needs fsspec to be read; pip install "bursar[cluster]"') from wrong
    try:
        found: tuple[Any, str] = url_to_fs(url)
    except (ImportError, ValueError) as wrong:
        raise DataError(f"{url}: cannot be read: {wrong}") from wrong
    return found


@contextmanager
def _reading(file: str) -> Iterator[None]:
    """Faults of a file in words."""
    try:
        yield
    except FileNotFoundError as wrong:
        raise DataError(f"{file}: no such file; check the path; it is relative to the scenario") from wrong
    except (pa.ArrowException, OSError, ValueError) as wrong:
        reason = str(wrong).splitlines()[0]
        raise DataError(f"{file}: is not a readable Parquet file: {reason}; write it again, or save it as .csv") from wrong
