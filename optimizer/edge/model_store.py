"""Fitted models are kept under the hash of all a fit depends on, so that the same fit is never computed twice.

A store saves time and nothing else: whatever goes wrong with it, a warning is logged and the run goes on.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import os
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from optimizer.edge.model_file import ALLOWED, OWN, dump_model, load_model
from optimizer.errors import ModelError

log = logging.getLogger(__name__)

ALWAYS = ("bursar", "numpy", "scikit-learn", "scipy", "skops")
CALLED_BY = {"lightgbm": "lightgbm", "xgboost": "xgboost", "torch": "tarnet"}
"""Packages whose version matters to some fits only, and the word that stands in their parts."""


class ModelStore:
    """A folder of fitted models.

    Parameters
    ----------
    folder
        Where they are kept; by default $BURSAR_CACHE, else $XDG_CACHE_HOME/bursar/models, else ~/.cache/bursar/models.
    allowed_modules
        As for `load_model`.
    """

    def __init__(self, folder: Path | None = None, *, allowed_modules: Sequence[str] = ALLOWED) -> None:
        self.folder = default_folder() if folder is None else folder
        self.allowed_modules = tuple(allowed_modules)

    @staticmethod
    def key(parts: Mapping[str, Any]) -> str:
        """The sha256 of these parts and of the versions at work, hexadecimal.

        Parameters
        ----------
        parts
            What the fit depends on, as plain values (what JSON can say): the data's digest, the columns, the estimator's
            path and parameters, seeds.

        Raises
        ------
        ModelError
            If a part is no plain value: two different fits could then share a key.
        """
        try:
            said = json.dumps(parts, sort_keys=True, default=_plain)
        except (TypeError, ValueError) as error:
            raise ModelError(f"model: its parameters must be plain values: {error}; name an estimator by its path") from error
        used = versions([package for package, word in CALLED_BY.items() if word in said])
        return hashlib.sha256(f"{said} {json.dumps(used, sort_keys=True)}".encode()).hexdigest()

    def load(self, key: str) -> Any | None:
        """The model kept under this key, or None; a file that cannot be read counts as absent, and is removed."""
        path = self._path(key)
        if not path.is_file():
            return None
        try:
            return load_model(path, allowed_modules=self.allowed_modules)
        except ModelError as error:
            log.warning("%s (removed from the store; the model is fitted again)", error)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s: cannot be removed: %s", path, error.strerror)
        return None

    def save(self, key: str, model: object) -> None:
        """Keep a model under this key; if that fails, a warning says so."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            dump_model(model, self._path(key))
        except (OSError, ModelError) as error:
            log.warning("%s: the fitted model is not kept: %s; the next run fits it again", self.folder, error)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.skops"


def default_folder() -> Path:
    """Where models are kept unless a folder is given."""
    if chosen := os.environ.get("BURSAR_CACHE"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "bursar" / "models"


def versions(packages: Sequence[str] = ()) -> dict[str, str]:
    """What a fit may depend on besides its inputs: Python, these packages and those always used, the models' own source."""
    installed = {package: _version(package) for package in (*ALWAYS, *packages)}
    return {"python": ".".join(platform.python_version_tuple()[:2]), **installed, OWN: _source()}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


@cache
def _source() -> str:
    """The sha256 of the models' source: who edits a model must not be handed the fit of the old one."""
    spec = find_spec(OWN)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    files = sorted(file for folder in folders for file in Path(folder).rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"got {type(value).__name__} {value!r}")
