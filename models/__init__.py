"""Response models: what each unit would do at each amount. They know no budget."""

from models.base import Branch, ResponseError, ResponseModel
from models.catalogue import build_estimator, build_model
from models.class_transform import ClassTransform
from models.dr_learner import DRLearner
from models.ensemble import Ensemble
from models.monotone import Monotone
from models.s_learner import SLearner
from models.support import Support
from models.tarnet import TARNet
from models.tl_tarnet import TLTARNet
from models.transformed_outcome import TransformedOutcome
from models.two_model import TwoModel
from models.uplift_forest import UpliftForest
from models.uplift_tree import UpliftTree
from models.wrapped import WrappedModel, wrap
from models.x_learner import XLearner

__all__ = [
    "Branch",
    "ClassTransform",
    "DRLearner",
    "Ensemble",
    "Monotone",
    "ResponseError",
    "ResponseModel",
    "SLearner",
    "Support",
    "TARNet",
    "TLTARNet",
    "TransformedOutcome",
    "TwoModel",
    "UpliftForest",
    "UpliftTree",
    "WrappedModel",
    "XLearner",
    "build_estimator",
    "build_model",
    "wrap",
]
