# Public names, in the order of the flow. Read at run time by _core/lazy.py.
from .metrics.estimate import Estimate as Estimate
from .table.table import Table as Table
