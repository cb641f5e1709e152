# Public names, listed once. Read at run time by _core/lazy.py.
from .cross_entropy import CrossEntropy as CrossEntropy
from .cross_entropy import cross_entropy_loss as cross_entropy_loss
from .focal import Focal as Focal
from .focal import focal_loss as focal_loss
from .registry import LossSpec as LossSpec
from .registry import get as get
from .registry import loss_names as loss_names
