"""How far two samples lie apart, as a penalty on representations that differ between the arms (Shalit et al. 2017, section 4).

    mmd²(x, y) = mean k(x, x') + mean k(y, y') − 2 mean k(x, y),     k(a, b) = exp(−‖a − b‖² / s),   s = mean ‖·‖² of all pairs
    wasserstein(x, y) = S(x, y) − ½ S(x, x) − ½ S(y, y),             S = Σ T_ij ‖x_i − y_j‖,  T the Sinkhorn plan

The kernel's width follows the samples, so that the penalty cannot be met by shrinking the representation. The plan is that of
Cuturi (2013) at a precision relative to the mean distance, ten iterations; it is held while distances are differentiated (the
envelope theorem). An entropic plan costs something even between equal samples: what the last two terms take away (Genevay et al.
2018).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

MOST = 512
"""Rows of a sample that are compared, the first ones: the cost is quadratic."""

TINY = 1e-12
"""Keeps divisions defined where all distances are 0."""

LEAST = 1e-300
"""Keeps them defined where a point is further than any weight can tell."""


def mmd(x: Tensor, y: Tensor) -> Tensor:
    """Squared maximum mean discrepancy of samples (n, w) and (m, w), Gaussian kernel: in [0, 2] (Gretton et al. 2012)."""
    pooled = torch.cat([x, y])
    norms = pooled.square().sum(1)
    squared = norms[:, None] + norms - 2.0 * pooled @ pooled.T
    kernel = torch.exp(-squared / (squared.mean() + TINY))
    n = len(x)
    return kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2.0 * kernel[:n, n:].mean()


def wasserstein(x: Tensor, y: Tensor, precision: float = 10.0, iterations: int = 10) -> Tensor:
    """Entropic distance of samples (n, w) and (m, w), less what an entropic plan costs within each.

    Parameters
    ----------
    precision
        The plan's weights fall by e^−precision over the mean distance; larger is nearer to the exact distance.
    iterations
        Of Sinkhorn's scaling; a larger precision needs more.
    """
    return (
        sinkhorn(x, y, precision, iterations)
        - 0.5 * sinkhorn(x, x, precision, iterations)
        - 0.5 * sinkhorn(y, y, precision, iterations)
    )


def sinkhorn(x: Tensor, y: Tensor, precision: float, iterations: int) -> Tensor:
    """Σ T_ij ‖x_i − y_j‖ under the entropic plan T between uniform weights; gradients pass through the distances alone."""
    distance = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    with torch.no_grad():
        plan = _plan(distance.double(), precision, iterations)
    return (plan.to(distance.dtype) * distance).sum()


def _plan(distance: Tensor, precision: float, iterations: int) -> Tensor:
    kernel = torch.exp(-distance * (precision / (distance.mean() + TINY)))
    n, m = kernel.shape
    v = kernel.new_ones(m)
    for _ in range(iterations):
        u = 1.0 / (n * (kernel @ v)).clamp_min(LEAST)
        v = 1.0 / (m * (u @ kernel)).clamp_min(LEAST)
    return u[:, None] * kernel * v


IPMS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"mmd": mmd, "wasserstein": wasserstein}
"""Distances by name."""


def between_arms(phi: Tensor, treated: Tensor, kind: str) -> Tensor:
    """Distance of the treated's representation from the controls'; 0 if an arm is empty, as it may be in a small batch."""
    ones, zeros = phi[treated][:MOST], phi[~treated][:MOST]
    return IPMS[kind](ones, zeros) if len(ones) and len(zeros) else phi.new_zeros(())
