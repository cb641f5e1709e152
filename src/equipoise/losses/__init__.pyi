# Public names, listed once. Read at run time by _core/lazy.py.
from .auc_margin import AUCMargin as AUCMargin
from .auc_margin import auc_margin_loss as auc_margin_loss
from .cross_entropy import CrossEntropy as CrossEntropy
from .cross_entropy import cross_entropy_loss as cross_entropy_loss
from .cross_entropy import softmax_cross_entropy_loss as softmax_cross_entropy_loss
from .focal import Focal as Focal
from .focal import focal_loss as focal_loss
from .focal import softmax_focal_loss as softmax_focal_loss
from .logit_adjusted import LogitAdjusted as LogitAdjusted
from .logit_adjusted import logit_adjusted_loss as logit_adjusted_loss
from .logit_adjusted import softmax_logit_adjusted_loss as softmax_logit_adjusted_loss
from .pairwise_auc import PairwiseAUC as PairwiseAUC
from .pairwise_auc import pairwise_auc_loss as pairwise_auc_loss
from .records import LossRecord as LossRecord
from .records import loss_names as loss_names
from .registry import LossSpec as LossSpec
from .registry import get as get
