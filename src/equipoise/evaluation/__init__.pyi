# Public names, listed once. Read at run time by _core/lazy.py.
from .fixed_model import evaluate as evaluate
from .leader import Leader as Leader
from .cross_validation import Arm as Arm
from .cross_validation import CrossValidated as CrossValidated
from .cross_validation import cross_validated as cross_validated
from .curves import Line as Line
from .curves import calibration_curve as calibration_curve
from .curves import precision_recall_curve as precision_recall_curve
from .curves import roc_curve as roc_curve
from .evaluation import Confusion as Confusion
from .evaluation import Evaluation as Evaluation
from .slicing import Slice as Slice
from .slicing import slices as slices
from .slice_search import FoundSlice as FoundSlice
from .slice_search import FoundSlices as FoundSlices
from .slice_search import worst_slices as worst_slices
