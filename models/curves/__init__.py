"""Response curves read off a fitted estimator's structure: the same numbers as its predict, without the grid."""

from models.curves.dispatch import curves_of

__all__ = ["curves_of"]
