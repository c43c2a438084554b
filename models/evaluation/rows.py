"""What is recorded of n past units comes in as vectors of n finite numbers, or is refused."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.base import ResponseError


def column(values: ArrayLike, n: int, where: str) -> NDArray[np.float64]:
    """One finite number for each of n units: (n,).

    Raises
    ------
    ResponseError
        If it is anything else.
    """
    return table(values, (n,), where)


def table(values: ArrayLike, shape: tuple[int, ...], where: str) -> NDArray[np.float64]:
    """Finite numbers of this shape, the units along its first axis.

    Raises
    ------
    ResponseError
        If the shape differs, or a value is missing, infinite or no number.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise ResponseError(f"{where}: must be numbers, got {fault}; leave out the rows without one") from fault
    if array.shape != shape or not np.isfinite(array).all():
        raise ResponseError(
            f"{where}: must be finite numbers of shape {shape}, got shape {array.shape}, "
            f"{np.count_nonzero(~np.isfinite(array))} of them not finite; leave out the rows without one"
        )
    return array


def weights(given: ArrayLike | None, n: int, where: str) -> NDArray[np.float64]:
    """How much each of n units counts: (n,), 1 if nothing is given.

    Raises
    ------
    ResponseError
        If a weight is missing or negative, or all are 0.
    """
    if given is None:
        return np.ones(n)
    weight = column(given, n, where)
    if weight.min(initial=0.0) < 0 or not weight.sum() > 0:
        raise ResponseError(f"{where}: must be ≥ 0 and not all 0, got {weight[:3].tolist()}, …")
    return weight


def chances(given: ArrayLike, shape: tuple[int, ...], where: str) -> NDArray[np.float64]:
    """Chances in (0, 1] of this shape.

    Raises
    ------
    ResponseError
        If one is 0, negative, above 1 or missing.
    """
    array = table(given, shape, where)
    if array.size and not (array.min() > 0 and array.max() <= 1):
        raise ResponseError(f"{where}: must lie above 0 and up to 1, got {array.min():g} to {array.max():g}; trim them first")
    return array


def arms(given: ArrayLike, n: int, most: int | None, where: str) -> NDArray[np.intp]:
    """The arm of each of n units, whole numbers from 0 on: (n,); with `most` arms, below that.

    Raises
    ------
    ResponseError
        If it is anything else.
    """
    arm = column(given, n, where)
    if arm.size and (arm.min() < 0 or (arm % 1).any() or (most is not None and arm.max() >= most)):
        raise ResponseError(
            f"{where}: must be whole numbers from 0 on{'' if most is None else f' below {most}'}, "
            f"got {np.unique(arm)[:5].tolist()}; number the arms as `Tiers.of` does"
        )
    return arm.astype(np.intp)
