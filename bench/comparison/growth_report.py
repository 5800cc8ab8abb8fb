"""What bench/scaling writes: a table and a plot for each part, and by which powers costs grow."""

import typing

from .curves import Plot, points, power
from .growth import FOLLOWERS, RATE, SIZES_IN_FLIGHT, TOPICS_IN_FLIGHT, VOTERS
from .report import BUSY_THREAD, bytes_in_words, distinct, number, select, spread, table, values

OWN = {"none": "no commands", "closed": "one command each, always",
       "open": f"{RATE} commands a second each"}
SHORTLY = {"closed": "always one each", "open": f"{RATE} a second each"}
KEPT = {"log": "the log as it was", "snapshot": "a snapshot of all"}


def busy_client(mine):
    return (spread(values(mine, "clientCores"))
            + (" *" if max(values(mine, "clientCores")) >= BUSY_THREAD else ""))


def figures(mine, *names):
    return [spread(values(mine, name)) for name in names]


def load_cells(mine):
    return [*figures(mine, "perSecond", "p50Ms", "p99Ms", "leaderCores", "serverCores"),
            busy_client(mine), str(sum(values(mine, "errors")))]


LOAD_HEAD = ["commands/s", "p50 ms", "p99 ms", "leader's cores", "all servers' cores",
             "load's cores", "errors"]
STAR = ("\nA star: the load, which has one thread, was busy for nine tenths of the time or more, "
        "so that it may have been the limit.\n")


# ---- Tables ----------------------------------------------------------------------------------


def cases(taken, *names):
    """Those there are of these keys, ordered by the first, and what was measured of each."""
    for case in dict.fromkeys(tuple(each[name] for name in names)
                              for first in distinct(taken, names[0])
                              for each in select(taken, **{names[0]: first})):
        yield case, select(taken, **dict(zip(names, case)))


def servers_table(taken):
    rows = [[f"{servers}", f"{in_flight:,}", *load_cells(mine)]
            for (in_flight, servers), mine in cases(taken, "inFlight", "servers")]
    return table(["servers", "in flight", *LOAD_HEAD], rows) + STAR


def clients_table(taken):
    loads = [each for each in taken if each["loop"] != "none"]
    rows = [[f"{clients:,}", OWN[loop], *load_cells(mine),
             spread(values(mine, "leaderMegabytes"))]
            for (loop, clients), mine in cases(loads, "loop", "clients")]
    idle_rows = [[f"{clients:,}", *figures(mine, "clientKilobytes", "leaderMegabytes",
                                           "leaderCores")]
                 for (_, clients), mine in cases(select(taken, loop="none"), "loop", "clients")]
    return (table(["clients", "each has", *LOAD_HEAD, "leader's memory, MB"], rows) + STAR
            + "\nClients that do nothing, at a server alone:\n\n"
            + table(["clients", "memory for each, kB", "memory in all, MB", "cores"], idle_rows))


def sizes_table(taken):
    rows = [[bytes_in_words(size), *figures(mine, "megabytesPerSecond"), *load_cells(mine)]
            for (size,), mine in cases(taken, "size")]
    return table(["a command", "MB/s", *LOAD_HEAD], rows) + STAR


def restart_table(taken):
    rows = [[KEPT[kept], *figures(mine, "written", "logMegabytes", "readyMs", "appliedMs")]
            for (kept, _), mine in cases(taken, "kept", "megabytes")]
    return table(["on disk", "MB written", "MB of log files", "ready after, ms",
                  "all applied after, ms"], rows)


def topics_table(taken):
    rows = [[f"{spoken:,}", f"{quiet:,}",
             *figures(mine, "perSecond", "messagesPerSecond", "leaderCores", "leaderMegabytes")]
            for (quiet, spoken), mine in cases(taken, "quiet", "spoken")]
    return table(["topics spoken in", "quiet ones", "deliveries/s", "messages/s", "server's cores",
                  "memory when all follow, MB"], rows)


# ---- Plots -----------------------------------------------------------------------------------


def line(taken, place, name):
    return [(each, values(select(taken, **{place: each}), name)) for each in distinct(taken, place)]


def known(lines):
    """Without those of which nothing was measured."""
    return {name: its_line for name, its_line in lines.items() if its_line}


def servers_plot(taken):
    lines = {f"{in_flight:,} in flight": line(select(taken, inFlight=in_flight), "servers",
                                              "perSecond")
             for in_flight in distinct(taken, "inFlight")}
    return Plot("Durable, ordered commands", "servers", "commands per second", lines)


def clients_plot(taken):
    lines = {f"{SHORTLY[loop]}, {name}": line(select(taken, loop=loop), "clients", key)
             for loop in SHORTLY for name, key in (("p50", "p50Ms"), ("p99", "p99Ms"))}
    return Plot("How long a command takes", "clients", "ms", known(lines))


def sizes_plot(taken):
    lines = {"commands": line(taken, "size", "perSecond"),
             "MB": line(taken, "size", "megabytesPerSecond")}
    return Plot("Commands of different sizes", "bytes of a command", "per second", lines,
                bytes_in_words)


def restart_plot(taken):
    lines = {KEPT[kept]: line(select(taken, kept=kept), "megabytes", "appliedMs")
             for kept in distinct(taken, "kept")}
    return Plot("From the start of a killed server until all is applied", "MB written before",
                "ms", lines)


def topics_plot(taken):
    counted = [{**each, "topics": each["spoken"] + each["quiet"]} for each in taken]
    lines = {"all are spoken in": line(select(counted, quiet=0), "topics", "perSecond"),
             "one is spoken in, the others are quiet": line(select(counted, spoken=1), "topics",
                                                            "perSecond")}
    return Plot(f"One sender, {FOLLOWERS} followers of one server", "topics followed",
                "deliveries per second", known(lines))


class Part(typing.NamedTuple):
    title: str
    table: typing.Callable
    plot: typing.Callable


PARTS = {
    "servers": Part("Servers in a group", servers_table, servers_plot),
    "clients": Part(f"Clients of {VOTERS} servers", clients_table, clients_plot),
    "sizes": Part(f"Sizes of a command: {VOTERS} servers, {SIZES_IN_FLIGHT} in flight", sizes_table,
                  sizes_plot),
    "restart": Part("Length of the log before a restart: a server alone, `kill -9`", restart_table,
                    restart_plot),
    "topics": Part(f"Topics: {FOLLOWERS} followers of a server alone, {TOPICS_IN_FLIGHT} in flight",
                   topics_table, topics_plot),
}


def plots(measurements):
    """Of each part that something was measured of."""
    made = [PARTS[kind].plot(select(measurements, kind=kind))
            for kind in distinct(measurements, "kind")]
    return [plot for plot in made if plot.lines]


def power_rows(plot):
    unit = "" if plot.place_in_words is bytes_in_words else f" {plot.across}"
    for name, its_line in plot.lines.items():
        ends, grows = points(its_line), power(its_line)
        if grows is not None:
            (first, low), (last, high) = ends[0], ends[-1]
            yield [plot.title, name,
                   f"{plot.place_in_words(first)} to {plot.place_in_words(last)}{unit}",
                   f"{number(low)} to {number(high)} {plot.unit}", f"{grows:+.2f}"]


def powers(measurements):
    rows = [row for plot in plots(measurements) for row in power_rows(plot)]
    if not rows:
        return ""
    return ("## By which power\n\n"
            + table(["what", "line", "from and to", "figure", "power"], rows)
            + "\nThe power of what grows that the figure goes with, fitted to the medians of the "
            "whole line: +1 is twice as much for twice as many, 0 no difference, -1 half.\n")


def of_all(measurements):
    sections = [f"## {PARTS[kind].title}\n\n{PARTS[kind].table(select(measurements, kind=kind))}"
                for kind in distinct(measurements, "kind")]
    return "\n".join([*sections, powers(measurements)])
