# Public names, listed once. Read at run time by _core/lazy.py.
from .table import Column as Column
from .table import Table as Table
from .splits import Split as Split
from .splits import inner_split as inner_split
from .splits import outer_splits as outer_splits
from .duplicates import Duplicates as Duplicates
from .duplicates import duplicate_groups as duplicate_groups
from .duplicates import judge_duplicates as judge_duplicates
from .hashes import row_hashes as row_hashes
from .generators import GeneratedTable as GeneratedTable
from .generated_tasks import GeneratedClasses as GeneratedClasses
from .generated_tasks import GeneratedLabels as GeneratedLabels
from .generated_tasks import make_classes as make_classes
from .generated_tasks import make_labels as make_labels
from .rare_classes import treat_rare as treat_rare
