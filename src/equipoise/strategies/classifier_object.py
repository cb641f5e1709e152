# SPDX-License-Identifier: Apache-2.0
"""Any classifier with scikit-learn's interface as a strategy."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from types import CodeType, FunctionType
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.options import Number, Options
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.strategies.learner_records import CLASSIFIER, LearnerRecord
from equipoise.strategies.strategy import Strategy

_LONGEST = 300
"""XGBoost's objects print all their parameters."""

_SAID = ", minimising the cross-entropy"


@dataclass(frozen=True, repr=False)
class Classified(Strategy):
    """A strategy whose learner is an object with `fit(X, y)` and `predict_proba(X)`.

    In each part of a trial a copy is fitted to the training and the stop rows: a matrix
    of scaled numbers, 0/1 columns for missing values and one 0/1 column per category.
    Class weights and row weights are its `sample_weight`. Its `random_state`, wherever
    it is None, is set from the fit's seed. Its probabilities, or else the values of its
    `decision_function`, are scores that a calibrator completes.

    Make one with `classified`.

    Attributes:
        classifier: Any classifier with scikit-learn's interface; after loading, a text
            that says what it was.
    """

    learner: str = "classifier"
    classifier: Any = field(default=None)

    @property
    def learner_record(self) -> LearnerRecord:
        """The facts of the learner, in words that name the object."""
        return replace(CLASSIFIER, phrase=f"the classifier {self._text()}")

    def describe(self, totals: npt.ArrayLike | None = None) -> str:
        """Return one sentence that says what it does."""
        return super().describe(totals).replace(_SAID, "", 1)

    def to_dict(self) -> dict[str, Any]:
        """Return the strategy as plain data; the object as a text of all it is set to.

        `from_dict` leaves the text in its place: a loaded model says what it was, and
        no longer needs the object.
        """
        text = self.classifier
        if not isinstance(text, str):
            text = parameter_text(self.classifier)
        return {**super().to_dict(), "classifier": text}

    def _text(self) -> str:
        return _shown(self.classifier)


def classified(
    classifier: Any,
    name: str = "",
    *,
    weights: Any = None,
    sampling: Any = "natural",
    synthesis: str | None = None,
    options: Options | Iterable[tuple[str, Number]] = (),
) -> Classified:
    """Return a strategy around a classifier with scikit-learn's interface.

    Args:
        classifier: An object with `fit(X, y)` and `predict_proba(X)` or
            `decision_function(X)`, a pipeline for example. It is copied for each fit.
        name: Its name in leaderboards; made of the object's class if empty.
        weights: As in `Strategy`; the object must take `sample_weight`.
        sampling: As in `Strategy`: the rows are drawn once.
        synthesis: As in `Strategy`.
        options: As in `Strategy`.

    Raises:
        InputTypeError: It is a class, or has no `fit` and `predict`.
        InputError: It predicts numbers.
        UnsupportedError: It gives neither probabilities nor values of a decision
            function; or it does not take weights, and there are some.

    Example:
        >>> from sklearn.linear_model import LogisticRegression
        >>> classified(LogisticRegression(C=0.1), weights="balanced")
        Strategy('LogisticRegression+balanced', weights='balanced',
        classifier=LogisticRegression(C=0.1))
    """
    _require_classifier(classifier)
    if weights is not None:
        require_weighable(classifier, f"weights={weights!r}")
    weighed = weights if isinstance(weights, str | None) else "weights"
    sampled = getattr(sampling, "name", sampling)
    sampled = sampled if isinstance(sampled, str) else "shares"
    parts = [sampled if sampled != "natural" else None, synthesis, weighed]
    title = "+".join([_title(classifier), *(part for part in parts if part)])
    return Classified(
        name or title,
        classifier=classifier,
        weights=weights,
        sampling=sampling,
        synthesis=synthesis,
        options=options,
    )


def is_classifier_object(item: Any) -> bool:
    """Return whether something learns as scikit-learn's estimators do."""
    return all(callable(getattr(item, name, None)) for name in ("fit", "predict"))


def _require_classifier(item: Any) -> None:
    who = f"the classifier {_shown(item)}"
    if isinstance(item, type):
        raise InputTypeError(
            sentence(
                f"the class {item.__name__}",
                "an object of it",
                f"Write {item.__name__}().",
            )
        )
    if type(item).__module__.split(".")[0] in ("keras", "tf_keras", "tensorflow"):
        raise InputTypeError(
            sentence(
                f"a Keras model of type {type(item).__name__} as a strategy",
                "model=, a function that returns an uncompiled model",
            )
        )
    if not is_classifier_object(item):
        raise InputTypeError(sentence(who, "an object with fit(X, y) and predict(X)"))
    if _predicts_numbers(item):
        raise InputError(
            sentence(
                f"the regressor {_shown(item)}",
                "a classifier: its scores are of classes",
            )
        )
    scores = ("predict_proba", "decision_function")
    if not any(callable(getattr(item, name, None)) for name in scores):
        raise UnsupportedError(
            sentence(
                f"{who}, which has neither predict_proba nor decision_function",
                "a classifier that says how sure it is",
                "Set its voting='soft', if it is a hard vote; else use another "
                "classifier.",
            )
        )


def _predicts_numbers(item: Any) -> bool:
    from sklearn.base import is_regressor

    try:
        return bool(is_regressor(item))
    except (AttributeError, TypeError):  # an object that is none of scikit-learn's
        return False


def takes_weights(classifier: Any) -> bool:
    """Return whether a classifier, or a pipeline's last step, takes `sample_weight`.

    Args:
        classifier: With scikit-learn's interface.

    Example:
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> takes_weights(GaussianNB()), takes_weights(KNeighborsClassifier())
        (True, False)
    """
    from sklearn.utils.validation import has_fit_parameter

    return bool(has_fit_parameter(last_step(classifier)[1], "sample_weight"))


def last_step(classifier: Any) -> tuple[str, Any]:
    """Return the name and the object of a pipeline's last step.

    Args:
        classifier: A pipeline, or anything else, which is its own last step and has no
            name.
    """
    steps = getattr(classifier, "steps", None)
    if not steps:
        return "", classifier
    name, step = steps[-1]
    return str(name), step


def require_weighable(classifier: Any, what: str) -> None:
    """Check that a classifier can be told how much rows count.

    Args:
        classifier: With scikit-learn's interface.
        what: What weighs, for the message.

    Raises:
        UnsupportedError: It cannot.
    """
    if not takes_weights(classifier):
        raise UnsupportedError(
            sentence(
                f"{what} for {_shown(classifier)}, whose fit takes no sample_weight",
                "a classifier that takes it, or no weights",
                "Use sampling='undersample' of classified(), which needs no weights.",
            )
        )


def parameter_text(item: Any) -> str:
    """Return a text of an estimator that differs whenever a parameter does.

    `repr` leaves out defaults and shortens long ones.

    Args:
        item: An estimator, or one of its parameters.

    Example:
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> "n_neighbors=3" in parameter_text(KNeighborsClassifier(3)).split(", ")
        True
    """
    if hasattr(item, "get_params") and not isinstance(item, type):
        values = item.get_params(deep=False)
        named = ", ".join(
            f"{key}={parameter_text(values[key])}" for key in sorted(values)
        )
        return f"{_path(type(item))}({named})"
    if isinstance(item, np.ndarray):
        data = np.ascontiguousarray(item)
        digest = hashlib.sha256(str(data.tolist()).encode()).hexdigest()[:16]
        return f"array({data.dtype}, {data.shape}, {digest})"
    if isinstance(item, dict):
        pairs = (f"{key!r}: {parameter_text(value)}" for key, value in item.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(item, list | tuple):
        return f"[{', '.join(map(parameter_text, item))}]"
    if isinstance(item, functools.partial):
        parts: tuple[Any, ...] = item.func, item.args, item.keywords
        return f"partial({', '.join(map(parameter_text, parts))})"
    if isinstance(item, CodeType):
        # Unlike the bytes of the code, its constants may hold code themselves.
        parts = item.co_code.hex(), item.co_names, item.co_consts
        return f"code({', '.join(map(parameter_text, parts))})"
    if isinstance(item, FunctionType) and "<" in item.__qualname__:
        # A lambda, or a function within another: several may have one name.
        cells = [cell.cell_contents for cell in item.__closure__ or ()]
        parts = item.__code__, item.__defaults__, item.__kwdefaults__, cells
        return f"{_path(item)}({', '.join(map(parameter_text, parts))})"
    if isinstance(item, type) or callable(item):
        return _path(item)
    # An address in memory differs from run to run.
    return re.sub(r" at 0x[0-9a-f]+", "", repr(item))


def _path(item: Any) -> str:
    # A ufunc of NumPy before 2.1 has only a __name__.
    last = getattr(item, "__name__", type(item).__qualname__)
    name = getattr(item, "__qualname__", last)
    return f"{getattr(item, '__module__', '')}.{name}"


def _title(classifier: Any) -> str:
    steps = getattr(classifier, "steps", None)
    if not steps:
        return type(classifier).__name__
    return "+".join(type(step).__name__ for _, step in steps if step is not None)


def _shown(item: Any) -> str:
    """Return an object in one line, its parameters left out if they are many."""
    text = " ".join((item if isinstance(item, str) else repr(item)).split())
    if len(text) <= _LONGEST:
        return text
    return f"{text.partition('(')[0]}(...)"
