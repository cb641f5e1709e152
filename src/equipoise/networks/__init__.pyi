# Public names, listed once. Read at run time by _core/lazy.py.
from .catalogue import network as network
from .catalogue import network_names as network_names
from .encoding import EncodingLayer as EncodingLayer
from .spec import NetworkSpec as NetworkSpec
