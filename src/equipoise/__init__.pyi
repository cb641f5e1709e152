# Public names, in the order of the flow. Read at run time by _core/lazy.py.
from .metrics.estimate import Estimate as Estimate
from .table.table import Table as Table
from .diagnosis.diagnosis import Diagnosis as Diagnosis
from .diagnosis.diagnosis import diagnose as diagnose
from .diagnosis.finding import Finding as Finding
