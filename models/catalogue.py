"""Estimators by name: an import path from an allow-list, and parameters that may hold more of the same.

    {estimator: sklearn.calibration.CalibratedClassifierCV, params: {estimator: {estimator: sklearn.svm.SVC, params: {C: 1.0}}}}

A file can thus name any estimator there is, and nothing else: no module outside the list is imported, no name but a class's
is looked up, nothing is evaluated.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from sklearn.base import BaseEstimator

from models.base import ResponseError
from models.class_transform import ClassTransform
from models.dr_learner import DRLearner
from models.learner import Learner
from models.s_learner import SLearner
from models.tarnet import TARNet
from models.tl_tarnet import TLTARNet
from models.transformed_outcome import TransformedOutcome
from models.two_model import TwoModel
from models.uplift_forest import UpliftForest
from models.uplift_tree import UpliftTree
from models.x_learner import XLearner

ALLOWED = ("sklearn", "xgboost", "lightgbm")
"""Modules a file may name estimators of."""

KINDS: dict[str, type[Learner]] = {
    "s_learner": SLearner,
    "two_model": TwoModel,
    "class_transform": ClassTransform,
    "transformed_outcome": TransformedOutcome,
    "x_learner": XLearner,
    "dr_learner": DRLearner,
    "uplift_tree": UpliftTree,
    "uplift_forest": UpliftForest,
    "tarnet": TARNet,
    "tl_tarnet": TLTARNet,
}
"""The learners, by what a scenario calls them; none needs torch before it is fitted."""

WITHIN = {"network": "tarnet"}
"""Options that are a learner themselves, and its kind: they are named by its parameters alone."""

BOOSTING = ("xgboost", "lightgbm")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def build_model(
    kind: str,
    estimator: Any = None,
    options: Mapping[str, Any] | None = None,
    *,
    allowed: Collection[str] = ALLOWED,
    random_state: int = 0,
) -> Learner:
    """An unfitted learner.

    Parameters
    ----------
    kind
        A key of `KINDS`.
    estimator
        What `build_estimator` takes, or an estimator; None for a learner that is made of none.
    options
        Parameters of the learner other than its estimator; those that are estimators may be named like one, and a learner
        of `WITHIN` by its own parameters.
    allowed, random_state
        As in `build_estimator`.

    Raises
    ------
    ResponseError
        If the kind, the estimator or an option is not known, or an estimator is missing or not wanted.
    """
    if kind not in KINDS:
        raise ResponseError(f"model.kind: must be one of {', '.join(KINDS)}, got {kind!r}{_near(kind, KINDS)}")
    learner = KINDS[kind]
    settings = {name: _option(name, value, allowed, random_state) for name, value in (options or {}).items()}
    _check_parameters(learner, settings, "model")
    parameters = _parameters(learner)[0]
    if "random_state" in parameters:
        settings.setdefault("random_state", random_state)
    if ("estimator" in parameters) != (estimator is not None):
        wanted = "is made of an estimator, got none; name one" if estimator is None else "is made of no estimator; leave it out"
        raise ResponseError(f"model.estimator: {kind} {wanted}")
    if estimator is not None:
        named = isinstance(estimator, str | Mapping)
        settings["estimator"] = build_estimator(estimator, allowed=allowed, random_state=random_state) if named else estimator
    return learner(**settings)


def build_estimator(spec: Mapping[str, Any] | str, *, allowed: Collection[str] = ALLOWED, random_state: int = 0) -> Any:
    """An unfitted estimator from its import path.

    Parameters
    ----------
    spec
        An import path such as ``sklearn.svm.SVC``, or ``{estimator: path, params: {…}}``. Within params the second form may
        stand wherever an estimator is wanted: as a value, in a list, as a Pipeline's step.
    allowed
        The top-level modules that may be named.
    random_state
        Given to every estimator that has such a parameter and was given none.

    Raises
    ------
    ResponseError
        If the path is not allowed, leads to no estimator, or a parameter is not known.
    """
    estimator = _build(spec, allowed, random_state, "model")
    if not hasattr(estimator, "predict") and not hasattr(type(estimator), "predict"):
        raise ResponseError(
            f"model.estimator: must have fit and predict, got {type(estimator).__name__}, "
            "which only transforms; name a classifier or regressor"
        )
    return estimator


def _option(name: str, value: Any, allowed: Collection[str], random_state: int) -> Any:
    if name in WITHIN and isinstance(value, Mapping):
        return build_model(WITHIN[name], None, value, allowed=allowed, random_state=random_state)
    return _built(value, allowed, random_state, f"model.{name}")


def _build(spec: Mapping[str, Any] | str, allowed: Collection[str], random_state: int, where: str) -> Any:
    path, params = (spec, {}) if isinstance(spec, str) else (spec.get("estimator"), spec.get("params") or {})
    unknown = set() if isinstance(spec, str) else set(spec) - {"estimator", "params"}
    if unknown or not isinstance(path, str) or not isinstance(params, Mapping):
        raise ResponseError(f"{where}: must be an import path, or {{estimator: path, params: {{…}}}}, got {spec!r}")
    family = _family(path, allowed, f"{where}.estimator")
    settings = {name: _built(value, allowed, random_state, f"{where}.params.{name}") for name, value in params.items()}
    _check_parameters(family, settings, f"{where}.params")
    if "random_state" in _parameters(family)[0]:
        settings.setdefault("random_state", random_state)
    try:
        return family(**settings)
    except Exception as fault:
        raise ResponseError(f"{where}.params: {path} cannot be built, got {fault}") from fault


def _built(value: Any, allowed: Collection[str], random_state: int, where: str) -> Any:
    if isinstance(value, Mapping):
        if isinstance(value.get("estimator"), str) and set(value) <= {"estimator", "params"}:
            return _build(value, allowed, random_state, where)
        return {key: _built(inner, allowed, random_state, f"{where}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        inner = [_built(item, allowed, random_state, f"{where}[{k}]") for k, item in enumerate(value)]
        # scikit-learn's steps are (name, estimator) pairs; a file can only write lists.
        step = bool(inner) and isinstance(inner[0], str) and any(hasattr(item, "fit") for item in inner)
        return tuple(inner) if step or isinstance(value, tuple) else inner
    return value


def _family(path: str, allowed: Collection[str], where: str) -> type:
    parts = path.split(".")
    if len(parts) < 2 or not all(NAME.fullmatch(part) for part in parts):  # noqa: PLR2004 — a module and a class
        raise ResponseError(f"{where}: must be an import path such as sklearn.linear_model.LogisticRegression, got {path!r}")
    if parts[0] not in allowed:
        raise ResponseError(
            f"{where}: modules that may be named are {', '.join(sorted(allowed))}, got {path}; "
            f"allow another on the command line with --allow-module {parts[0]}"
        )
    module = _module(".".join(parts[:-1]), where)
    family = getattr(module, parts[-1], None)
    if not isinstance(family, type):
        classes = [name for name, value in vars(module).items() if isinstance(value, type)]
        raise ResponseError(f"{where}: must name a class, got {path}{_near(parts[-1], classes)}")
    if not _is_estimator(family, parts[0]):
        raise ResponseError(
            f"{where}: must name an estimator with fit, got the class {path}{_near(parts[-1], ())}; "
            "name a classifier or regressor"
        )
    return family


def _module(name: str, where: str) -> Any:
    top = name.split(".", maxsplit=1)[0]
    try:
        return import_module(name)
    except ImportError as fault:
        if top in BOOSTING and getattr(fault, "name", None) == top:
            raise ResponseError(f"{where}: {top} is not installed, got {name}; install bursar[boosting]") from fault
        raise ResponseError(f"{where}: must name a module that can be imported, got {name} ({fault})") from fault


def _is_estimator(family: type, top: str) -> bool:
    if issubclass(family, BaseEstimator):
        return callable(getattr(family, "fit", None))
    wanted = ("fit", "predict", "get_params")
    return top != "sklearn" and all(callable(getattr(family, name, None)) for name in wanted)


def _parameters(family: type) -> tuple[set[str], bool]:
    """Names a class takes, and whether it takes others as well (XGBoost and LightGBM pass those on)."""
    names: set[str] = set()
    others = False
    for level in family.__mro__:
        if level is object or "__init__" not in vars(level):
            continue
        signature = inspect.signature(vars(level)["__init__"]).parameters.values()
        names |= {p.name for p in signature if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name != "self"}
        others = any(p.kind is p.VAR_KEYWORD for p in signature)
        if not others:
            break
    return names, others


def _check_parameters(family: type, settings: Mapping[str, Any], where: str) -> None:
    known, others = _parameters(family)
    for name in settings:
        # Where others are passed on, only what looks like a slip of a known name can be told to be wrong.
        if name not in known and not (others and not get_close_matches(str(name), known, cutoff=0.85)):
            raise ResponseError(f"{where}: {family.__name__} has no parameter {name!r}{_near(str(name), known)}")


def _near(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, list(known), n=3)
    return f"; did you mean {', '.join(near)}?" if near else f"; there are {', '.join(sorted(known)[:12])}" if known else ""
