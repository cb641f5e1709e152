# SPDX-License-Identifier: Apache-2.0
"""`equipoise completion`: a script with which a shell completes the command line.

The script is made of the program's own verbs and options, and holds all that it offers:
a key press starts no program. File names are completed by the shell itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from equipoise.cli.terminal import say_hint
from equipoise.errors import InputError, UnsupportedError

PROGRAM = "equipoise"
LIST_METAVAR = "NAMES"
"""Values separated by commas have this metavar."""
FILES = ("FILE", "MODEL", "PATH")
FOLDERS = ("FOLDER",)

Completes = Literal["flag", "words", "list", "file", "folder", "value"]

Shell = Annotated[
    str,
    typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False),
]


@dataclass(frozen=True)
class CompletedOption:
    """An option, or an argument, as a shell completes it.

    Attributes:
        names: As it is typed, such as "--target" and "-t"; empty for an argument.
        kind: "flag": it takes no value. "words" and "list": one of its words, or some
            of them separated by commas. "file", "folder": a path. "value": anything.
        help: What it is, in a few words.
        words: The words that it takes.
        repeated: Whether it may be given several times.
    """

    names: tuple[str, ...]
    kind: Completes
    help: str
    words: tuple[str, ...] = ()
    repeated: bool = False


Verbs = Mapping[str, tuple[str, tuple[CompletedOption, ...]]]
"""Verb -> its help, and its options and arguments."""


def completion(context: typer.Context, shell: Shell) -> None:
    """Print a script that completes this program in a shell.

    It completes verbs, options, their values and files.

    bash: add  source <(equipoise completion bash)  to ~/.bashrc.
    zsh: equipoise completion zsh > ~/.zfunc/_equipoise, with ~/.zfunc in fpath.
    fish: equipoise completion fish > ~/.config/fish/completions/equipoise.fish.
    """
    if shell not in SCRIPTS:
        raise typer.BadParameter(f"SHELL is one of {', '.join(SCRIPTS)}, not {shell!r}")
    root: Any = context.find_root().command
    sys.stdout.write(SCRIPTS[shell](verbs_of(root)))
    if sys.stdout.isatty():
        say_hint(f"next: {HOW[shell]}")


def verbs_of(root: Any) -> Verbs:
    """Return what there is to complete.

    Args:
        root: The program, as `typer.main.get_command` gives it.
    """
    values = option_words()
    return {
        name: (
            _first_sentence(command.help or ""),
            tuple(
                _option(param, values.get((name, param.opts[0]), ()))
                for param in command.params
            ),
        )
        for name, command in root.commands.items()
    }


def option_words() -> dict[tuple[str, str], tuple[str, ...]]:
    """Return (verb, option) -> its words, of all options that take one of a few."""
    from equipoise.cli.options import task_objective_words
    from equipoise.diagnosis.finding import SEVERITIES
    from equipoise.evaluation.cross_validation import headline_metrics
    from equipoise.explanations.permuted import METRICS_OF_RANKING
    from equipoise.export.formats import FORMATS
    from equipoise.metrics.task_registry import task_metric_names
    from equipoise.networks.catalogue import network_names
    from equipoise.reading.options import UNLABELLED_ROWS
    from equipoise.strategies.catalogue import catalogue
    from equipoise.table.rare_classes import RARE
    from equipoise.table.units import DUPLICATES
    from equipoise.task import TASK_KINDS, Task
    from equipoise.training.settings import PRECISIONS

    tasks = [Task(kind, ("a", "b", "c")) for kind in ("multiclass", "multilabel")]
    metrics = [name for t in tasks for name in task_metric_names(t, headline=True)]
    reading = {
        "--task": TASK_KINDS,
        "--rare": RARE,
        "--unlabelled": UNLABELLED_ROWS,
        "--duplicates": DUPLICATES,
    }
    training = {
        "--objective": task_objective_words(),
        "--network": tuple(network_names()),
        "--precision": PRECISIONS,
        "--ray": ("auto",),
    }
    compare = {
        "--strategies": tuple(catalogue()),
        "--tune": tuple(name for name in catalogue() if _is_tunable(name)),
        "--metric": tuple(dict.fromkeys([*headline_metrics(), *metrics])),
        "--repeats": ("auto",),
        "--unseen": ("auto",),
    }
    verbs: dict[str, dict[str, Iterable[str]]] = {
        "diagnose": {**reading, "--fail-on": SEVERITIES},
        "compare": {**reading, **training, **compare},
        "fit": {**reading, **training, "--strategy": tuple(catalogue())},
        "importance": {"--metric": METRICS_OF_RANKING},
        "export": {"--format": FORMATS},
    }
    return {
        (verb, option): tuple(words)
        for verb, options in verbs.items()
        for option, words in options.items()
    }


def _is_tunable(name: str) -> bool:
    """Return whether options of a strategy can be searched for."""
    from equipoise.strategies.tuned import Tuned

    try:
        Tuned(name)
    except (InputError, UnsupportedError):
        return False
    return True


def _option(param: Any, words: tuple[str, ...]) -> CompletedOption:
    names = (*param.opts, *param.secondary_opts)
    typed = tuple(name for name in names if name.startswith("-"))
    text = _first_sentence(param.help or "")
    kind: Completes = "value"
    if getattr(param, "is_flag", False):
        kind = "flag"
    elif words:
        kind = "list" if param.metavar == LIST_METAVAR else "words"
    elif param.metavar in FILES:
        kind = "file"
    elif param.metavar in FOLDERS:
        kind = "folder"
    elif param.metavar == "SHELL":
        kind, words = "words", tuple(SCRIPTS)
    return CompletedOption(typed, kind, text, words, bool(param.multiple))


def _first_sentence(text: str) -> str:
    line = " ".join(text.split("\n\n")[0].split())
    return line.split(". ")[0].split("; ")[0].rstrip(".")


def bash_script(verbs: Verbs) -> str:
    """Return the script for bash, 3.2 or later.

    Args:
        verbs: What there is to complete.
    """
    cases = "\n".join(_bash_verb(name, options) for name, (_, options) in verbs.items())
    return f"""\
# Completion of {PROGRAM} for bash, made by: {PROGRAM} completion bash
_{PROGRAM}_words() {{
    COMPREPLY=($(compgen -W "$1" -- "$word"))
}}
_{PROGRAM}_list() {{
    local before=""
    case "$word" in *,*) before="${{word%,*}}," ;; esac
    COMPREPLY=($(compgen -P "$before" -W "$1" -- "${{word##*,}}"))
    compopt -o nospace 2>/dev/null || :
}}
_{PROGRAM}() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" last="${{COMP_WORDS[COMP_CWORD-1]}}"
    local verb="" i
    if [ "$word" = "=" ]; then
        word=""
    elif [ "$last" = "=" ]; then
        last="${{COMP_WORDS[COMP_CWORD-2]}}"
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${{COMP_WORDS[i]}}" in
            -*) ;;
            *) verb="${{COMP_WORDS[i]}}"; break ;;
        esac
    done
    COMPREPLY=()
    case "$verb" in
    "")
        _{PROGRAM}_words "{" ".join(verbs)} --version --help" ;;
{cases}
    esac
}}
complete -o bashdefault -o default -F _{PROGRAM} {PROGRAM}
"""


def _bash_verb(name: str, options: tuple[CompletedOption, ...]) -> str:
    lines = [f"    {name})", '        case "$last" in']
    values: list[str] = []
    for option in options:
        pattern = "|".join(option.names)
        if not option.names or option.kind == "flag":
            continue
        if option.kind in ("words", "list"):
            call = f'_{PROGRAM}_{option.kind} "{" ".join(option.words)}"'
            lines.append(f"        {pattern}) {call}; return ;;")
        else:  # what the shell itself completes: files, if anything
            values.append(pattern)
    if values:
        lines.append(f"        {'|'.join(values)}) return ;;")
    names = " ".join([*(n for option in options for n in option.names), "--help"])
    lines += ["        esac", '        case "$word" in']
    lines.append(f'        -*) _{PROGRAM}_words "{names}"; return ;;')
    lines.append("        esac")
    words = [option for option in options if not option.names and option.words]
    lines += [f'        _{PROGRAM}_words "{" ".join(one.words)}"' for one in words]
    return "\n".join([*lines, "        ;;"])


def zsh_script(verbs: Verbs) -> str:
    """Return the script for zsh: a function for a folder of `fpath`.

    Args:
        verbs: What there is to complete.
    """
    listed = "\n".join(
        "        " + _quoted(f"{name}:{_zsh_escaped(text, ':')}")
        for name, (text, _) in verbs.items()
    )
    cases = "\n".join(
        f"    {name})\n        _arguments {' '.join(_zsh_specs(options))} ;;"
        for name, (_, options) in verbs.items()
    )
    return f"""\
#compdef {PROGRAM}
# Completion of {PROGRAM} for zsh, made by: {PROGRAM} completion zsh
_{PROGRAM}() {{
    local curcontext="$curcontext" state line
    typeset -A opt_args
    local -a verbs
    verbs=(
{listed}
    )
    _arguments -C '(- *)'{{-h,--help}}'[show the help]' \\
        '(- *)'{{-V,--version}}'[print the version]' \\
        '1:verb:->verb' '*::argument:->arguments'
    case "$state" in
    verb)
        _describe -t verbs verb verbs
        return ;;
    esac
    case "${{words[1]}}" in
{cases}
    esac
}}
if [ "$funcstack[1]" = "_{PROGRAM}" ]; then
    _{PROGRAM} "$@"
else
    compdef _{PROGRAM} {PROGRAM}
fi
"""


def _zsh_specs(options: tuple[CompletedOption, ...]) -> Iterator[str]:
    yield _quoted("(- *)--help[show the help]")
    place = 0
    for option in options:
        text = _zsh_escaped(option.help, "[]:")
        if not option.names:
            place += 1
            yield _quoted(f"{place}:{text}:{_zsh_action(option)}")
            continue
        for name in option.names:
            before = "*" if option.repeated else f"({' '.join(option.names)})"
            value = "" if option.kind == "flag" else f":value:{_zsh_action(option)}"
            # The value of a long option is the next word, or follows a "=".
            equals = "=" if value and name.startswith("--") else ""
            yield _quoted(f"{before}{name}{equals}[{text}]{value}")


def _zsh_action(option: CompletedOption) -> str:
    words = " ".join(option.words)
    actions: dict[str, str] = {
        "words": f"({words})",
        "list": f"_values -s , name {words}",
        "file": "_files",
        "folder": "_files -/",
    }
    return actions.get(option.kind, " ")


def _zsh_escaped(text: str, signs: str) -> str:
    text = text.replace("\\", "\\\\")
    for sign in signs:
        text = text.replace(sign, f"\\{sign}")
    return text


def _quoted(text: str) -> str:
    """Return a text in single quotes, as bash and zsh read it."""
    return "'" + text.replace("'", "'\\''") + "'"


def fish_script(verbs: Verbs) -> str:
    """Return the script for fish.

    Args:
        verbs: What there is to complete.
    """
    lines = [
        f"# Completion of {PROGRAM} for fish, made by: {PROGRAM} completion fish",
        f"complete -c {PROGRAM} -f",
        f"complete -c {PROGRAM} -s h -l help -d 'Show the help'",
        f"complete -c {PROGRAM} -n __fish_use_subcommand -s V -l version "
        "-d 'Print the version'",
    ]
    for name, (text, options) in verbs.items():
        lines.append(
            f"complete -c {PROGRAM} -n __fish_use_subcommand -a {name} "
            f"-d {_fish_quoted(text)}"
        )
        here = f"complete -c {PROGRAM} -n '__fish_seen_subcommand_from {name}'"
        lines += [
            f"{here} {words}" for option in options for words in _fish_option(option)
        ]
    return "\n".join(lines) + "\n"


# The word is the folder, also in --out=folder, which fish takes for a path otherwise.
_FISH_FOLDERS = (
    "(__fish_complete_directories (commandline -ct | string replace -r '^--[^=]*=' ''))"
)


def _fish_option(option: CompletedOption) -> Iterable[str]:
    words = " ".join(option.words)
    takes: dict[str, str] = {
        "flag": "",
        "words": f" -x -a {_fish_quoted(words)}",
        "list": f" -x -a {_fish_quoted(f'(__fish_append , {words})')}",
        "file": " -r -F",
        "folder": f" -x -a {_fish_quoted(_FISH_FOLDERS)}",
        "value": " -x",
    }
    text = _fish_quoted(option.help)
    if not option.names:
        if option.words:
            return [f"-a {_fish_quoted(words)}"]
        return ["-F"] if option.kind in ("file", "folder") else []
    long = [name[2:] for name in option.names if name.startswith("--")]
    short = [name[1:] for name in option.names if not name.startswith("--")]
    names = " ".join([*(f"-s {n}" for n in short), *(f"-l {n}" for n in long)])
    return [f"{names}{takes[option.kind]} -d {text}"]


def _fish_quoted(text: str) -> str:
    """Return a text in single quotes, as fish reads it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


SCRIPTS: Mapping[str, Callable[[Verbs], str]] = {
    "bash": bash_script,
    "zsh": zsh_script,
    "fish": fish_script,
}
HOW = {
    "bash": f"echo 'source <({PROGRAM} completion bash)' >> ~/.bashrc",
    "zsh": f"{PROGRAM} completion zsh > ~/.zfunc/_{PROGRAM}",
    "fish": f"{PROGRAM} completion fish > ~/.config/fish/completions/{PROGRAM}.fish",
}
"""Shell -> how the script is put where it is read."""
