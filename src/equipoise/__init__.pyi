# Public names, in the order of the flow. Read at run time by _core/lazy.py.
from .table.read import read_table as read_table
from .table.table import Table as Table
