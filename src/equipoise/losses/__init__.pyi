# Public names, listed once. Read at run time by _core/lazy.py.
from .auc_margin import AUCMargin as AUCMargin
from .auc_margin import auc_margin_loss as auc_margin_loss
from .base import known_labels as known_labels
from .cross_entropy import CrossEntropy as CrossEntropy
from .cross_entropy import cross_entropy_loss as cross_entropy_loss
from .cross_entropy import softmax_cross_entropy_loss as softmax_cross_entropy_loss
from .focal import Focal as Focal
from .focal import focal_loss as focal_loss
from .focal import softmax_focal_loss as softmax_focal_loss
from .link import link_of as link_of
from .logit_adjusted import LogitAdjusted as LogitAdjusted
from .logit_adjusted import logit_adjusted_loss as logit_adjusted_loss
from .logit_adjusted import softmax_logit_adjusted_loss as softmax_logit_adjusted_loss
from .pairwise_auc import PairwiseAUC as PairwiseAUC
from .pairwise_auc import pairwise_auc_loss as pairwise_auc_loss
from .records import LossRecord as LossRecord
from .records import loss_names as loss_names
from .registry import LossSpec as LossSpec
from .registry import get as get
from .asymmetric import Asymmetric as Asymmetric
from .asymmetric import asymmetric_loss as asymmetric_loss
from .balanced_softmax import BalancedSoftmax as BalancedSoftmax
from .balanced_softmax import balanced_softmax_loss as balanced_softmax_loss
from .balanced_softmax import (
    softmax_balanced_softmax_loss as softmax_balanced_softmax_loss,
)
from .class_balanced import ClassBalanced as ClassBalanced
from .class_balanced import class_balanced_loss as class_balanced_loss
from .class_balanced import softmax_class_balanced_loss as softmax_class_balanced_loss
from .expected_cost import ExpectedCost as ExpectedCost
from .expected_cost import expected_cost_loss as expected_cost_loss
from .expected_cost import softmax_expected_cost_loss as softmax_expected_cost_loss
from .ldam import LDAM as LDAM
from .ldam import ldam_loss as ldam_loss
from .ldam import softmax_ldam_loss as softmax_ldam_loss
from .poly import Poly as Poly
from .poly import poly_loss as poly_loss
from .poly import softmax_poly_loss as softmax_poly_loss
from .posterior import PosteriorLink as PosteriorLink
from .vector_scaling import VectorScaling as VectorScaling
from .vector_scaling import softmax_vector_scaling_loss as softmax_vector_scaling_loss
from .vector_scaling import vector_scaling_loss as vector_scaling_loss
from .weighted_cross_entropy import WeightedCrossEntropy as WeightedCrossEntropy
from .weighted_cross_entropy import (
    softmax_weighted_cross_entropy_loss as softmax_weighted_cross_entropy_loss,
)
from .weighted_cross_entropy import (
    weighted_cross_entropy_loss as weighted_cross_entropy_loss,
)
from .pairwise_hinge import PairwiseHinge as PairwiseHinge
from .pairwise_hinge import pairwise_hinge_loss as pairwise_hinge_loss
from .pairwise_logistic import PairwiseLogistic as PairwiseLogistic
from .pairwise_logistic import pairwise_logistic_loss as pairwise_logistic_loss
from .partial_auc import PartialAUC as PartialAUC
from .partial_auc import partial_auc_loss as partial_auc_loss
from .average_precision import AveragePrecisionLoss as AveragePrecisionLoss
from .average_precision import average_precision_loss as average_precision_loss
from .precision_at_recall import PrecisionAtRecallLoss as PrecisionAtRecallLoss
from .precision_at_recall import precision_at_recall_loss as precision_at_recall_loss
from .recall_at_precision import RecallAtPrecisionLoss as RecallAtPrecisionLoss
from .recall_at_precision import recall_at_precision_loss as recall_at_precision_loss
from .dice import Dice as Dice
from .dice import dice_loss as dice_loss
from .tversky import Tversky as Tversky
from .tversky import tversky_loss as tversky_loss
from .soft_f_beta import SoftFBeta as SoftFBeta
from .soft_f_beta import soft_f_beta_loss as soft_f_beta_loss
from .class_weighted import ClassWeighted as ClassWeighted
from .combined import Combined as Combined
from .scheduled import Scheduled as Scheduled
from .switch import Switch as Switch
from .soap import SOAP as SOAP
