# Public names, listed once. Read at run time by _core/lazy.py.
from .processes import Workers as Workers
from .ray_tasks import Ray as Ray
from .loop import work as work
