# Public names, listed once. Read at run time by _core/lazy.py.
from .agreement import CalibrationTest as CalibrationTest
from .agreement import calibration_test as calibration_test
from .calibrator import Calibrator as Calibrator
from .calibration import fit_calibrator as fit_calibrator
from .class_calibrator import ClassCalibrator as ClassCalibrator
from .class_calibrator import LabelCalibrator as LabelCalibrator
from .class_calibration import fit_class_calibrator as fit_class_calibrator
from .costs import Costs as Costs
from .costs import row_thresholds as row_thresholds
from .cost_matrix import CostMatrix as CostMatrix
from .cost_files import read_costs as read_costs
from .floors import Certificate as Certificate
from .floors import certify_both as certify_both
from .floors import certify_precision as certify_precision
from .floors import certify_recall as certify_recall
from .floors import flags_needed as flags_needed
from .floors import positives_needed as positives_needed
from .label_rule import LabelRule as LabelRule
from .label_rule_making import certify_label_rule as certify_label_rule
from .label_rule_making import (
    cross_fitted_label_decisions as cross_fitted_label_decisions,
)
from .label_rule_making import fit_label_rule as fit_label_rule
from .objectives import Objective as Objective
from .objectives import objective as objective
from .objectives import objective_names as objective_names
from .prevalence import PrevalenceEstimate as PrevalenceEstimate
from .prevalence import at_prevalence as at_prevalence
from .prevalence import estimate_prevalence as estimate_prevalence
from .rule import DecisionRule as DecisionRule
from .rule import Tally as Tally
from .rule_making import certified_rule as certified_rule
from .rule_making import make_rule as make_rule
from .class_floors import ClassFloor as ClassFloor
from .class_rule import ClassRule as ClassRule
from .class_rule_making import certify_class_rule as certify_class_rule
from .class_rule_making import cross_fitted_decisions as cross_fitted_decisions
from .class_rule_making import fit_class_rule as fit_class_rule
from .task_objectives import task_objective as task_objective
from .task_objectives import task_objective_names as task_objective_names
from .thresholds import Threshold as Threshold
from .thresholds import choose_threshold as choose_threshold
from .thresholds import choose_threshold_many as choose_threshold_many
