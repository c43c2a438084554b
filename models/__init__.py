"""Response models: what each unit would do at each amount. They know no budget."""

from models.base import Branch, ResponseError, ResponseModel
from models.catalogue import build_estimator, build_model
from models.class_transform import ClassTransform
from models.s_learner import SLearner
from models.two_model import TwoModel
from models.wrapped import WrappedModel, wrap

__all__ = [
    "Branch",
    "ClassTransform",
    "ResponseError",
    "ResponseModel",
    "SLearner",
    "TwoModel",
    "WrappedModel",
    "build_estimator",
    "build_model",
    "wrap",
]
