"""From measurements to a table in Markdown. A measurement is a dictionary with `kind`, `make`,
`round` and what was measured; `kind` says which other keys there are."""

import statistics

BUSY_THREAD = 0.9


def select(measurements, **keys):
    return [each for each in measurements if all(each.get(k) == v for k, v in keys.items())]


def values(measurements, name):
    return [each[name] for each in measurements]


def distinct(measurements, name):
    """In the order in which they were measured."""
    return list(dict.fromkeys(each[name] for each in measurements))


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(figures):
    """Median, and least and greatest in brackets."""
    middle = number(statistics.median(figures))
    if len(figures) == 1:
        return middle
    return f"{middle} ({number(min(figures))}–{number(max(figures))})"


def bytes_in_words(size):
    return f"{size // 1024} KiB" if size >= 1024 else f"{size} B"


def ratio(ours, theirs, name):
    """Median of the ratios of the same round, ours to theirs."""
    by_round = {each["round"]: each[name] for each in theirs}
    ratios = [each[name] / by_round[each["round"]] for each in ours
              if by_round.get(each["round"])]
    return f"{statistics.median(ratios):.2f}" if ratios else "–"


KINDS = {"load": "writes", "failover": "failover", "fan-out": "fan-out", "idle": "idle clients"}


def rounds(measurements):
    """How often each part took its turn, in words."""
    return ", ".join(f"{words} {len(distinct(select(measurements, kind=kind), 'round'))}"
                     for kind, words in KINDS.items() if select(measurements, kind=kind))


def missing(problems):
    """Lines that say which parts broke off, for the head of a report; none if none did."""
    if not problems:
        return []
    return ["**Something is missing, since parts broke off:**", "",
            *[f"    {line}" for each in problems for line in each.splitlines()], ""]


def row(cells):
    return "| " + " | ".join(cells) + " |"


def table(head, rows):
    return "\n".join([row(head), row(["---"] * len(head)), *map(row, rows)]) + "\n"


def writes_row(here, titles, make, names):
    mine = select(here, make=make)
    client = max(values(mine, "busiestThreadCores"))
    return [*names, titles[make],
            spread(values(mine, "perSecond")),
            "1" if make == "muster" else ratio(select(here, make="muster"), mine, "perSecond"),
            spread(values(mine, "p50Ms")), spread(values(mine, "p99Ms")),
            f"{statistics.median(values(mine, 'serverCores')):.2f}",
            f"{statistics.median(values(mine, 'clientCores')):.2f}"
            + (" *" if client >= BUSY_THREAD else ""),
            str(sum(values(mine, "errors")))]


def writes(measurements, titles):
    loads = select(measurements, kind="load")
    if not loads:
        return ""
    rows = []
    for size in distinct(loads, "size"):
        for in_flight in distinct(loads, "inFlight"):
            here = select(loads, size=size, inFlight=in_flight)
            rows += [writes_row(here, titles, make, [bytes_in_words(size), f"{in_flight:,}"])
                     for make in distinct(here, "make")]
    head = ["value", "in flight", "make", "writes/s", "Muster to it", "p50 ms", "p99 ms",
            "cores of three servers", "cores of the client", "errors"]
    return ("## Durable, ordered writes: three servers\n\n" + table(head, rows)
            + "\nA star: a thread of the client was busy for nine tenths of the time or more, so "
            "that the client may have been the limit.\n")


def memory(measurements, titles):
    taken = select(measurements, kind="memory")
    if not taken:
        return ""
    rows = []
    for make in distinct(taken, "make"):
        mine = select(taken, make=make)
        loaded = [spread(values(select(mine, size=size), "loadedMegabytes"))
                  for size in distinct(taken, "size")]
        rows.append([titles[make], spread(values(mine, "idleMegabytes")), *loaded])
    head = ["make", "idle", *[f"after writes of {bytes_in_words(size)}"
                              for size in distinct(taken, "size")]]
    return "## Memory of a server, MB (RssAnon, mean of the three)\n\n" + table(head, rows)


def failover(measurements, titles):
    kills = select(measurements, kind="failover")
    if not kills:
        return ""
    places = distinct(kills, "place")
    rows = []
    for make in distinct(kills, "make"):
        times = [values(select(kills, make=make, place=place), "ms") for place in places]
        rows.append([titles[make], *map(spread, times), " + ".join(str(len(t)) for t in times)])
    return ("## From `kill -9` of the leader to the next acknowledged write, ms\n\n"
            + table(["make", *[f"client at {place}" for place in places], "kills"], rows))


def fan_out(measurements, titles):
    rates = select(measurements, kind="fan-out")
    if not rates:
        return ""
    rows = []
    for followers in distinct(rates, "followers"):
        for in_flight in distinct(rates, "inFlight"):
            here = select(rates, followers=followers, inFlight=in_flight)
            rows += [[f"{followers:,}", f"{in_flight:,}", titles[make],
                      spread(values(select(here, make=make), "perSecond")),
                      ratio(select(here, make="Muster"), select(here, make=make), "perSecond")]
                     for make in distinct(here, "make")]
    head = ["subscribers", "in flight", "make", "deliveries/s", "Muster to it"]
    return ("## One sender, many subscribers of one server, 128 bytes\n\n" + table(head, rows))


def idle_clients(measurements, titles):
    taken = select(measurements, kind="idle")
    if not taken:
        return ""
    rows = [[titles[make], spread(values(select(taken, make=make), "idleMegabytes")),
             spread(values(select(taken, make=make), "clientKilobytes"))]
            for make in distinct(taken, "make")]
    head = ["make", "server alone, MB", "each of 1,000 idle clients, kB"]
    return "## Memory of a single server with idle clients (RssAnon)\n\n" + table(head, rows)


def of_all(measurements, titles):
    """All sections there is something for."""
    sections = [writes(measurements, titles), memory(measurements, titles),
                failover(measurements, titles), fan_out(measurements, titles),
                idle_clients(measurements, titles)]
    return "\n".join(each for each in sections if each)
