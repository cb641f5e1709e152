# Public names, listed once. Read at run time by _core/lazy.py.
from .calibration import Calibrator as Calibrator
from .calibration import fit_calibrator as fit_calibrator
from .costs import Costs as Costs
from .costs import row_thresholds as row_thresholds
from .objectives import Objective as Objective
from .objectives import objective as objective
from .objectives import objectives as objectives
from .thresholds import Threshold as Threshold
from .thresholds import choose_threshold as choose_threshold
from .thresholds import choose_threshold_many as choose_threshold_many
from .floors import Certificate as Certificate
from .floors import certify_both as certify_both
from .floors import certify_precision as certify_precision
from .floors import certify_recall as certify_recall
from .floors import flags_needed as flags_needed
from .floors import positives_needed as positives_needed
