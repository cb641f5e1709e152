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
