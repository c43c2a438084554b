"""A fitted model on disk is a skops file, never a pickle: it names types and holds their state, and we say which types.

A file that names anything but classes of allowed modules is refused before any of it is built, so reading one runs no
code of its author's. A name must be *defined* in an allowed module: what such a module merely imports (a scikit-learn test
module imports `subprocess.check_output`) is not trusted through it. What is not guarded against: a crafted tree can hold
indices that crash the process when it predicts, since scikit-learn does not check them. Take plans from people you trust.
"""

from __future__ import annotations

import importlib
import io
import os
import re
import secrets
import struct
import sys
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from sklearn.base import BaseEstimator

from optimizer.errors import ModelError

ALLOWED = ("sklearn", "xgboost", "lightgbm")
"""Packages whose estimators a scenario may name without --allow-module."""

OWN = "models"

SCHEMA = "schema.json"
ADDRESS = r'("__id__": |"file": ")([0-9a-f-]+)'
"""Where skops writes addresses of objects and random names, which differ from run to run."""

PARTS = frozenset(
    {
        "collections.OrderedDict",
        "lightgbm.basic.Booster",
        "numpy.dtype",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
        "xgboost.core.Booster",
        *(f"scipy.sparse._{kind}.{kind}_{shape}" for kind in ("coo", "csc", "csr") for shape in ("array", "matrix")),
    }
)
"""Types estimators are made of, from packages of which not everything is harmless to build (numpy.memmap writes files)."""

NUMERIC = ("sklearn.feature_selection.", "sklearn.metrics.")
"""Where scikit-learn's functions are arithmetic only: the scores and kernels an estimator may be given."""

NEVER = frozenset({"__main__", "_testing", "conftest", "datasets", "externals", "tests"})
"""Parts of scikit-learn that read files or exist to be tested; no estimator is made of them."""

UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ImportError,
    RuntimeError,
    ArithmeticError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
)
"""What skops, and the classes it builds, raise on a damaged file or on one of other versions."""


def dump_model(model: object, path: Path) -> None:
    """Write a fitted model to a skops file, whole or not at all; two writers at once do no harm.

    Raises
    ------
    ModelError
        If the model holds something skops cannot keep.
    OSError
        If the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(model_bytes(model))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def model_bytes(model: object) -> bytes:
    """What a model's file holds: equal models, equal bytes.

    Raises
    ------
    ModelError
        If the model holds something skops cannot keep.
    """
    try:
        return _same_each_time(skops.io.dumps(model))
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        what = type(model).__name__
        raise ModelError(f"model: {what} cannot be kept: {_first(error)}; choose an estimator skops can write") from error


def _same_each_time(archive: bytes) -> bytes:
    """The archive with addresses numbered in order of appearance, without dates and padding: equal models, equal bytes."""
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return f"{found[1]}{numbers.setdefault(found[2], str(len(numbers)))}"

    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        schema = re.sub(ADDRESS, number, old.read(SCHEMA).decode())
        parts = {f"{numbers[Path(name).stem]}{Path(name).suffix}": name for name in old.namelist() if name != SCHEMA}
        new.writestr(_undated(SCHEMA), schema)
        for part in sorted(parts):
            new.writestr(_undated(part), _unpadded(part, old.read(parts[part])))
    return stream.getvalue()


def _unpadded(name: str, content: bytes) -> bytes:
    """An array's bytes with nothing between the fields of its records: what stands there is what memory held before."""
    if not name.endswith(".npy"):
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    clean, stream = np.zeros(array.shape, array.dtype), io.BytesIO()
    for field in array.dtype.names:
        clean[field] = array[field]
    np.save(stream, clean, allow_pickle=False)
    return stream.getvalue()


def _undated(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def load_model(path: Path, *, allowed_modules: Sequence[str] = ALLOWED) -> Any:
    """Read a fitted model from a skops file.

    Parameters
    ----------
    path
        A file that `dump_model` wrote.
    allowed_modules
        Modules whose classes may be built, by default those of scikit-learn and the boosting packages; the project's own
        models always may. Of a module named besides these, functions may be used too.

    Raises
    ------
    ModelError
        If there is no such file, it is damaged, or it names types outside these modules.
    """
    try:
        named = skops.io.get_untrusted_types(file=path)
    except FileNotFoundError:
        raise ModelError(f"{path}: no such model file; check the folder") from None
    except UNREADABLE as error:
        raise ModelError(f"{path}: is not a readable model file: {_first(error)}; run again to write it anew") from error
    strange = [name for name in named if not trusted(name, allowed_modules)]
    if strange:
        allowed = ", ".join((*allowed_modules, OWN))
        raise ModelError(f"{path}: must hold estimators of {allowed} only, got {', '.join(strange)}; {_remedy(strange)}")
    try:
        return skops.io.load(path, trusted=named)
    except UNREADABLE as error:
        raise ModelError(f"{path}: does not fit the installed versions: {_first(error)}; run again to write it anew") from error


def trusted(name: str, allowed_modules: Sequence[str] = ALLOWED) -> bool:
    """Whether a model file may name this type, such as ``sklearn.tree._tree.Tree``.

    Standard library: never. scikit-learn and the project's own models: classes, and scikit-learn's scores. Boosting
    packages: estimators. A module the user allowed: its classes and functions.
    """
    if name in PARTS:
        return True
    module, _, attribute = name.rpartition(".")
    package = module.partition(".")[0]
    if package in sys.stdlib_module_names or not any(f"{module}.".startswith(f"{known}.") for known in (*allowed_modules, OWN)):
        return False
    if package == "sklearn" and NEVER.intersection(module.split(".")):
        return False
    # Importing is safe only now: the module belongs to a package that would be imported anyway.
    found = _defined(module, attribute)
    if found is None or package not in (*ALLOWED, OWN):
        return found is not None
    if not isinstance(found, type):
        return name.startswith(NUMERIC)
    return package in ("sklearn", OWN) or issubclass(found, BaseEstimator)


def _defined(module: str, attribute: str) -> Any | None:
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except (ImportError, ValueError):
        return None
    return found if getattr(found, "__module__", None) == module else None


def _remedy(strange: Sequence[str]) -> str:
    modules = sorted({name.partition(".")[0] for name in strange})
    if any(module in sys.stdlib_module_names or module in ALLOWED for module in modules):
        return "no estimator needs these; do not use this file"
    return f"if you trust who wrote it, pass {' '.join(f'--allow-module {module}' for module in modules)}"


def _first(error: BaseException) -> str:
    """The first line of a message: the rest is for the package's own developers."""
    return (str(error).splitlines() or [type(error).__name__])[0]
