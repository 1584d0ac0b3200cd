"""Log lines of level warning and above: how many of each event, and why they are there."""

import json
import re
from collections import Counter
from collections.abc import Sequence

__all__ = ["count_warnings", "unexplained"]

# What a soak does on purpose, and the lines that the service writes about it.
EXPLANATIONS = {
    r"a worker ended; starting another": "the soak killed the worker, or the engine did since it was frozen",
    r"killing a (worker|reader)": "the soak froze it, or the machine starved it, and it was silent for 30 s",
    r"lost a worker": "an experiment ran in a worker that was killed; it goes on in another one",
    r"lost a reader": "the soak killed the process that read an upload; another one reads it",
    r"The engine exited with code -9; .*": "the soak killed the engine, or its parent did since it was frozen",
    r"The engine has been silent for \S+ s; killing it\.": "the soak froze the engine",
    r"unavailable; retrying": "a frozen process held SQLite's write lock for more than 15 s",
    r"request \S+: the database is unavailable: .*": "the same, in a request, which was answered with a 503",
}


def count_warnings(lines: Sequence[str]) -> Counter[str]:
    """Each line of level warning or above by event, and every line that is no JSON after the first one that is."""
    found: Counter[str] = Counter()
    begun = False
    for line in lines:
        try:
            document = json.loads(line)
        except ValueError:
            # The command says in plain text where it listens and that it stops.
            if begun and not line.startswith(("  ", "Trainyard ", "Stopping;")):
                found[line.rstrip()] += 1
            continue
        begun = True
        if document["level"] not in {"debug", "info"}:
            found[document["event"]] += 1
    return found


def unexplained(warnings: Counter[str]) -> list[str]:
    """Print the warnings with their explanations; returns those that have none."""
    without = []
    for event, count in warnings.most_common():
        reasons = [why for pattern, why in EXPLANATIONS.items() if re.fullmatch(pattern, event)]
        print(f"{count:5}  {event}: {reasons[0] if reasons else 'NOT EXPLAINED'}")
        without += [] if reasons else [event]
    return without
