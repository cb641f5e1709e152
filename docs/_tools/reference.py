# SPDX-License-Identifier: Apache-2.0
"""What the reference pages are made of, read from the code itself.

MkDocs calls `on_page_markdown`, which replaces these comments:

    <!-- public names of: equipoise.metrics -->   a table and the docstrings
    <!-- registry: strategies -->                 a table of what has a name
    <!-- command line -->                         every command and option

So a new name, strategy, finding or option is documented by existing.
"""

from __future__ import annotations

import ast
import re
import textwrap
import typing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from equipoise._core.options import Setting

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"

_CODE = re.compile(r"(<pre\b.*?</pre>|<code\b.*?</code>)", re.S)
_NAMES = re.compile(r"^<!-- public names of: (?P<package>[\w.]+) -->$", re.M)
_REGISTRY = re.compile(r"^<!-- registry: (?P<name>\w+) -->$", re.M)
_COMMANDS = re.compile(r"^<!-- command line -->$", re.M)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in a page's placeholders; MkDocs calls this for each page."""
    markdown = _NAMES.sub(lambda m: names_section(m["package"]), markdown)
    markdown = _REGISTRY.sub(lambda m: REGISTRIES[m["name"]](), markdown)
    return _COMMANDS.sub(lambda _: command_line(), markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Keep a percent sign on the line of its number; MkDocs calls this."""
    parts = _CODE.split(html)
    parts[::2] = [re.sub(r"(?<=\d) %", "&nbsp;%", part) for part in parts[::2]]
    return "".join(parts)


# Metrics of decisions are written as definitions on counts.
DECISIONS = "equipoise.metrics.decisions"


# ---- public names


@cache
def public_names(package: str) -> dict[str, str]:
    """Return public name -> the module that defines it, in the order of the list.

    A package lists its names in `__init__.pyi`, a module in `__all__`.
    """
    folder = SOURCE / package.replace(".", "/")
    stub = folder / "__init__.pyi"
    if stub.exists():
        listed = _listed(ast.parse(stub.read_text("utf-8")), package)
        return {name: _origin(name, module) for name, module in listed.items()}
    tree = ast.parse(folder.with_suffix(".py").read_text("utf-8"))
    return dict.fromkeys(_exported(tree), package)


def _listed(tree: ast.Module, package: str) -> dict[str, str]:
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            module = f"{package}.{node.module}" if node.module else package
            for alias in node.names:
                found[alias.asname or alias.name] = module
    return found


def _origin(name: str, module: str) -> str:
    """Return the module that defines a name which another one may hand on."""
    file = (SOURCE / module.replace(".", "/")).with_suffix(".py")
    if file.exists():
        for node in ast.parse(file.read_text("utf-8")).body:
            names = node.names if isinstance(node, ast.ImportFrom) else []
            if any(name == (alias.asname or alias.name) for alias in names):
                return _origin(name, str(getattr(node, "module", module)))
    return module


def _exported(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
        ):
            return list(ast.literal_eval(node.value))
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    ]


def first_line(name: str, module: str) -> str:
    """Return the first line of the docstring of a public name; "" without one."""
    if module == DECISIONS:
        return " ".join(_definition(name).split("\n\n")[0].split())
    path = SOURCE / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    body = ast.parse(file.read_text("utf-8")).body
    for place, node in enumerate(body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            text = ast.get_docstring(node) or ""
            if not text:  # one form of an overloaded function
                continue
        elif _assigns(node, name) and place + 1 < len(body):
            text = _text(body[place + 1])
        else:
            continue
        return text.split("\n\n")[0].replace("\n", " ")
    return _module_line(f"{module}.{name}")


def _assigns(node: ast.stmt, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return any(isinstance(t, ast.Name) and t.id == name for t in targets)


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""


def _module_line(module: str) -> str:
    file = (SOURCE / module.replace(".", "/")).with_suffix(".py")
    if not file.exists():
        return ""
    return (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").split("\n")[0]


def names_section(package: str) -> str:
    """Return the table of a package's public names, and their docstrings.

    What `equipoise` takes from one of its packages is described with that package.
    """
    rows, entries = [], []
    for name, module in public_names(package).items():
        home = ".".join(module.split(".")[:2])
        if home != package and _described_in(home, name):
            link = f"{home.rpartition('.')[2]}.md#{home}.{name}"
        else:
            link = f"#{package}.{name}"
            entries.append(_entry(package, name, module))
        rows.append(f"| [`{name}`]({link}) | {_cell(first_line(name, module))} |")
    table = "| name | what it is |\n|---|---|\n" + "\n".join(rows)
    return "\n\n".join([table, *entries])


def _described_in(package: str, name: str) -> bool:
    listed = (SOURCE / package.replace(".", "/") / "__init__.pyi").exists()
    return listed and name in public_names(package)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("[rows]", "`[rows]`")


def _entry(package: str, name: str, module: str) -> str:
    anchor = f"[](){{ #{package}.{name} }}"
    if module == DECISIONS:
        return _decision_metric(name)
    file = SOURCE / module.replace(".", "/") / f"{name}.py"
    if file.exists():  # a module
        listed = [*_classes(file)]
        return (
            f"{anchor}\n\n::: {package}.{name}\n    options:\n      members: {listed}"
        )
    return f"{anchor}\n\n::: {module}.{name}"


def _classes(file: Path) -> Iterator[str]:
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def _definition(name: str) -> str:
    """Return the docstring of a definition on counts, without its example."""
    path = (SOURCE / DECISIONS.replace(".", "/")).with_suffix(".py")
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return (ast.get_docstring(node) or "").partition("\nExample:")[0]
    return ""


def _decision_metric(name: str) -> str:
    anchor = f"[](){{ #{DECISIONS}.{name} }}"
    text = _definition(name).partition("\nArgs:")[0].partition("\nRaises:")[0]
    signature = f"{name}(y, score, weights=None, *, threshold=0.5, **options) -> float"
    told = "A row is flagged where score >= threshold."
    heading = f"## {name} {{ #equipoise.metrics.{name} }}"
    return (
        f"{anchor}\n\n{heading}\n\n```python\n{signature}\n```\n\n"
        f"{text.strip()}\n\n{told}"
    )


# ---- registries


def _strategies() -> str:
    from equipoise.strategies.catalogue import catalogue

    rows = [f"| `{name}` | {found.describe()} |" for name, found in catalogue().items()]
    return "| name | what it does |\n|---|---|\n" + "\n".join(rows)


def _metrics() -> str:
    from equipoise.metrics.registry import METRICS

    rows = [
        f"| [`{name}`](#equipoise.metrics.{name}) | {m.kind} | {_range(m.low, m.high)} "
        f"| {'high' if m.higher_is_better else 'low'} | {m.undefined} |"
        for name, m in METRICS.items()
    ]
    head = (
        "| metric | of | range | good is | undefined where |\n|---|---|---|---|---|\n"
    )
    return head + "\n".join(rows)


def _range(low: float, high: float) -> str:
    return f"{low:g} to {high:g}".replace("inf", "∞")


def _options(settings: Mapping[str, Setting]) -> str:
    """Return options with their defaults and ranges, for a cell of a table."""
    return "; ".join(map(_option, settings, settings.values())) or "-"


def _option(name: str, setting: Setting) -> str:
    text = f"`{name}` = {setting.default}"
    low, high = setting.low, setting.high
    if low is not None and high is not None:
        ends = "strictly between {} and {}" if setting.open_ends else "from {} to {}"
        return f"{text}, {ends.format(f'{low:g}', f'{high:g}')}"
    if low is not None:
        return f"{text}, {'above' if setting.open_ends else 'at least'} {low:g}"
    return text


def _learners() -> str:
    from equipoise.strategies.learner_records import LEARNERS

    rows = []
    for name, record in LEARNERS.items():
        parts = ", ".join(f"`{part}`" for part in record.parts) or "-"
        keras = "yes" if record.keras or record.trains_networks else "no"
        rows.append(
            f"| `{name}` | {record.phrase} | {parts} | {_options(record.options)} "
            f"| {keras} |"
        )
    head = (
        "| learner | what it is | parts of a strategy | options | export |\n"
        "|---|---|---|---|---|\n"
    )
    return head + "\n".join(rows)


def _losses() -> str:
    from equipoise.losses.records import LOSS_RECORDS

    rows = [
        f"| `{name}` | {record.kind} | {_options(record.options)} |"
        for name, record in LOSS_RECORDS.items()
    ]
    return "| loss | one value per | options |\n|---|---|---|\n" + "\n".join(rows)


def _findings() -> str:
    from equipoise.diagnosis.catalogue import CHECKS

    rows = []
    for check in CHECKS:
        page = (ROOT / "docs" / "findings" / f"{check.code}.md").read_text("utf-8")
        title = page.split("\n", 1)[0].partition(": ")[2]
        when = "`deep=True`" if check.deep else "always"
        rows.append(
            f"| [{check.code}](../findings/{check.code}.md) | {title} | {when} |"
        )
    return "| code | what is looked for | when |\n|---|---|---|\n" + "\n".join(rows)


def _samplers() -> str:
    from equipoise.sampling.samplers import SAMPLERS

    rows = [
        f"| `{name}` | `{kind.__name__}` | {_options(kind.settings())} |"
        for name, kind in SAMPLERS.items()
    ]
    return "| name | class | options |\n|---|---|---|\n" + "\n".join(rows)


def _weights() -> str:
    from equipoise.weights.schemes import SCHEMES

    rows = []
    for name, scheme in SCHEMES.items():
        defaults = {key: setting.default for key, setting in scheme.options.items()}
        what = scheme.phrase.format(**defaults)
        options = _options(scheme.options)
        rows.append(f"| `{name}` | positives count {what} | {options} |")
    return "| scheme | what it does | options |\n|---|---|---|\n" + "\n".join(rows)


def _syntheses() -> str:
    from equipoise.synthesis.syntheses import SYNTHESES

    rows = [
        f"| `{name}` | `{kind.__name__}` | {_options(kind.settings())} |"
        for name, kind in SYNTHESES.items()
    ]
    return "| name | class | options |\n|---|---|---|\n" + "\n".join(rows)


def _drawn_by(plan: Any) -> str:
    by_sampler = plan.sampling != "natural"
    return f"`{plan.sampling}` sampling" if by_sampler else "the rounds of the plan"


def _plans() -> str:
    from equipoise.strategies.plans import PLANS

    rows = [
        f"| `{name}` | {_drawn_by(plan)} | "
        f"{_options({**plan.options, **plan.network_options})} |"
        for name, plan in PLANS.items()
    ]
    head = "| plan | each model of a network draws by | options |\n|---|---|---|\n"
    return head + "\n".join(rows)


def _networks() -> str:
    from equipoise.networks.catalogue import network, network_names

    rows = [f"| `{name}` | `{network(name)!r}` |" for name in network_names()]
    return "| name | what it is |\n|---|---|\n" + "\n".join(rows)


REGISTRIES: dict[str, Callable[[], str]] = {
    "strategies": _strategies,
    "metrics": _metrics,
    "losses": _losses,
    "findings": _findings,
    "samplers": _samplers,
    "weights": _weights,
    "syntheses": _syntheses,
    "plans": _plans,
    "networks": _networks,
    "learners": _learners,
}


# ---- the command line


def commands() -> dict[str, Any]:
    """Return name -> command of the program, the program itself first."""
    import typer

    from equipoise.cli.app import app

    root: Any = typer.main.get_command(app)
    return {"equipoise": root} | {f"equipoise {n}": c for n, c in root.commands.items()}


def command_line() -> str:
    """Return a section for each command of the program, from its own help."""
    return "\n\n".join(_command(name, c) for name, c in commands().items())


def _command(name: str, command: Any) -> str:
    text = textwrap.dedent(command.help or "").strip()
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    subject = "COMMAND" if name == "equipoise" else "[OPTIONS]"
    shown = " ".join([name, *(a.metavar for a in arguments), subject])
    numbers = _numbers(name.rpartition(" ")[2])
    rows = [f"| `{a.metavar}` | {_cell(a.help)} | |" for a in arguments]
    rows += [
        f"| {_flags(o, numbers)} | {_cell(_help(o))} | {_default(o)} |" for o in options
    ]
    return "\n\n".join(
        [
            f"## `{name}` {{ #{name.replace(' ', '-')} }}",
            text,
            f"```text\n{shown}\n```",
            "| | what it is | default |\n|---|---|---|\n" + "\n".join(rows),
        ]
    )


def _numbers(command: str) -> set[str]:
    """Return the names of a command's options that take a number."""
    from equipoise.cli.app import app

    functions = [info.callback for info in app.registered_commands]
    function = next((f for f in functions if f and f.__name__ == command), None)
    hints = typing.get_type_hints(function) if function else {}
    return {
        name
        for name, hint in hints.items()
        if {int, float} & {hint, *typing.get_args(hint)}
    }


def _flags(option: Any, numbers: set[str]) -> str:
    flags = ", ".join(f"`{flag}`" for flag in option.opts)
    if option.is_flag:
        return flags
    value = option.metavar or ("NUMBER" if option.name in numbers else "NAME")
    return f"{flags} `{value}`"


def _help(option: Any) -> str:
    return option.help + (" Required." if option.required else "")


def _default(option: Any) -> str:
    if isinstance(option.show_default, str):
        return option.show_default
    if option.is_flag or option.required or option.default in (None, ()):
        return ""
    return f"`{option.default}`"
