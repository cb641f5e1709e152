# Public names, listed once. Read at run time by _core/lazy.py.
from .drawings import figures as figures
from .page import render as render
from .page import render_diagnosis as render_diagnosis
