# Public names, listed once. Read at run time by _core/lazy.py.
from .class_shares import KeptShares as KeptShares
from .stored_batches import StoredBatches as StoredBatches
from .stored_batches import float_matrix as float_matrix
from .stored_table import StoredTable as StoredTable
