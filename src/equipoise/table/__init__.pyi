# Public names, listed once. Read at run time by _core/lazy.py.
from .table import Column as Column
from .table import Table as Table
