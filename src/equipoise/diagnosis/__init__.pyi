# Public names, listed once. Read at run time by _core/lazy.py.
from .catalogue import CHECKS as CHECKS
from .diagnosis import Diagnosis as Diagnosis
from .diagnosis import diagnose as diagnose
from .finding import Check as Check
from .finding import Finding as Finding
from .finding import NotApplicable as NotApplicable
from .finding import Observation as Observation
from .finding import Severity as Severity
from .futility import LearningCurve as LearningCurve
from .futility import learning_curve as learning_curve
from .subject import Subject as Subject
