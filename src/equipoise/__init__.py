# SPDX-License-Identifier: Apache-2.0
"""Equipoise: a fair trial of every remedy for imbalanced data.

Importing this package loads neither TensorFlow nor scikit-learn; each name is
imported when it is first used. Keras learns of our classes whenever it is imported, so
that a `.keras` file which holds them loads.
"""

from equipoise._core.lazy import attach
from equipoise._core.registration import tell_keras

__getattr__, __dir__, __all__ = attach(__name__, __file__)
tell_keras()
del attach, tell_keras
