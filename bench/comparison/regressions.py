"""Which figures are worse than those of another build, measured in turns. A measurement is
{name: (time, allocations or None)}: less is better."""

import statistics
import sys

NOT_JUDGED = ("append_and_sync",)  # What takes the disk's time.
MORE_ROUNDS = 2  # Times the rounds, where something seems to be slower.
ALLOCATIONS_SEEN = 0.02  # Of a command; less is what grows now and then.
SIDES = ("before", "now")


def take_turns(measure, rounds):
    """Rounds of both sides, each beginning with the other one than the last."""
    done = {side: [] for side in SIDES}
    for number in range(rounds):
        for side in SIDES if number % 2 == 0 else reversed(SIDES):
            done[side].append(measure(side))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return done


def compare(done):
    """{name: (before, now, ratio)} of time and of allocations, of what both have. The least of all
    rounds is what the code takes; more of it is what else the machine did."""
    figures = {}
    for name in done["now"][0]:
        if any(name not in each for side in SIDES for each in done[side]):
            continue
        times = {side: min(each[name][0] for each in done[side]) for side in SIDES}
        figures[name] = (times["before"], times["now"], times["now"] / times["before"])
        counts = {side: [each[name][1] for each in done[side]] for side in SIDES}
        if all(count is not None for side in SIDES for count in counts[side]):
            before, now = (statistics.median(counts[side]) for side in SIDES)
            ratio = (now + ALLOCATIONS_SEEN) / (before + ALLOCATIONS_SEEN)
            figures[name + ", allocations"] = (before, now, ratio)
    return figures


def worse(figures, loss):
    return sorted(name for name, (_, _, ratio) in figures.items()
                  if ratio > 1 + loss / 100 and not name.startswith(NOT_JUDGED))


def benchmarks_of(names):
    return {name.removesuffix(", allocations") for name in names}


def judge(measure, rounds, loss):
    """As `compare` has it; what seems to be worse is measured again, with the first rounds counted
    too. `measure(side, names)`: all, or (not None) at least the figures of these benchmarks."""
    done = take_turns(lambda side: measure(side, None), rounds)
    figures = compare(done)
    again = benchmarks_of(worse(figures, loss))
    if not again:
        return figures
    print("again: " + ", ".join(sorted(again)), file=sys.stderr, flush=True)
    more = take_turns(lambda side: measure(side, again), MORE_ROUNDS * rounds)
    all_rounds = {side: [{name: one for name, one in each.items() if name in again}
                         for each in done[side] + more[side]] for side in SIDES}
    return figures | compare(all_rounds)


def table(figures, lost):
    lines = ["| what | before | now | ratio | |", "| --- | --- | --- | --- | --- |"]
    for name, (before, now, ratio) in figures.items():
        unit = "" if name.endswith("allocations") else " ns"
        verdict = "**slower**" if name in lost else ""
        lines.append(f"| {name} | {before:,.4g}{unit} | {now:,.4g}{unit} | {ratio:.2f} "
                     f"| {verdict} |")
    return "\n".join(lines)
