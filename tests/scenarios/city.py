"""A city of real clients whose servers are killed, one after the other, again and again.

Without an argument it takes a quarter of a minute. `city.py long`: 500 cars, 40 ambulances, 6
hospitals, 60 lights, heartbeats every 15 ms and 30 crashes a minute for 3 minutes; a server is
killed every 20 s and started again 5 s later.
"""

import dataclasses
import json
import sys

from story import expect, tell
from three_servers import NAMES, Kills, ThreeServers

LEGAL = {  # What may follow a step in a chain.
    "REPORTED": {"QUEUED", "ASSIGNED", "CANCELLED"},
    "QUEUED": {"ASSIGNED", "REASSIGNED", "BED_LOST", "CANCELLED"},
    "ASSIGNED": {"ACCEPTED", "REASSIGNED", "QUEUED", "BED_LOST", "CANCELLED"},
    "REASSIGNED": {"ACCEPTED", "REASSIGNED", "QUEUED", "BED_LOST", "CANCELLED"},
    "ACCEPTED": {"ON_SCENE", "REASSIGNED", "QUEUED", "BED_LOST", "CANCELLED"},
    "ON_SCENE": {"BED_RESERVED", "DIVERTED", "TRANSPORTING", "QUEUED", "BED_LOST", "CANCELLED"},
    "BED_RESERVED": {"TRANSPORTING", "DIVERTED", "BED_LOST", "QUEUED", "CANCELLED"},
    "DIVERTED": {"TRANSPORTING", "HANDED_OVER", "DIVERTED", "BED_LOST", "QUEUED", "CANCELLED"},
    "BED_LOST": {"DIVERTED", "QUEUED", "ASSIGNED", "REASSIGNED", "ACCEPTED", "ON_SCENE",
                 "TRANSPORTING", "HANDED_OVER", "CANCELLED"},
    "TRANSPORTING": {"HANDED_OVER", "DIVERTED", "BED_LOST", "QUEUED"},
    "HANDED_OVER": {"CLOSED"},
    "CLOSED": set(),
    "CANCELLED": set(),
}
# Of all incidents, a line each.
ALL_AT_REST = r'\A(?=(?:\{.*"state":"(?:CLOSED|WAITING|CANCELLED)".*\n)+\Z)'


@dataclasses.dataclass
class Scale:
    city: str     # Options.
    seconds: int  # That it lives.
    kills: Kills


SHORT = Scale(city="--cars 40 --ambulances 8 --hospitals 2 --lights 12 --beds 30 --pace 30 "
              "--crashes-per-minute 90", seconds=12,
              kills=Kills(number=2, every=5, start_after=1.5))
LONG = Scale(city="--grid 20x12 --cars 500 --ambulances 40 --hospitals 6 --lights 60 --beds 60 "
             "--pace 5 --crashes-per-minute 30", seconds=180,
             kills=Kills(number=8, every=20, start_after=5))


def check_chain(incident):
    """No link is missing, none is twice, and each follows the one before it."""
    name = incident["id"]
    steps = incident["steps"]
    for place, step in enumerate(steps):
        expect_quietly(step["index"] == place + 1 and step["follows"] == place,
                       f"{name}: step {place + 1} follows the one before")
        if place > 0:
            before = steps[place - 1]["kind"]
            expect_quietly(step["kind"] in LEGAL[before],
                           f"{name}: {step['kind']} may follow {before}")
    ended = [step for step in steps if step["kind"] in ("CLOSED", "HANDED_OVER")]
    expect_quietly(len(ended) <= 2, f"{name}: it is handed over and closed once")


def expect_quietly(holds, what):
    if not holds:
        expect(False, what)


def choose_victim(turn, leader):
    """The leader in every other turn, else one of the two others."""
    others = [name for name in NAMES if name != leader]
    return leader if turn % 2 == 0 else others[turn // 2 % 2]


def scenario(story, scale):
    story.chapter("Three servers, and a city that comes to life")
    servers = ThreeServers(story)
    everywhere = servers.everywhere
    city = story.start("city", f"mobility city {scale.city} --duration {scale.seconds}s --json "
                       f"{everywhere}")
    city.says('"reported":[1-9]', seconds=30)

    story.chapter("Its servers die, the leader among them, and come back")
    servers.kill_in_turn(scale.kills, choose_victim)

    story.chapter("No report is lost, no chain is broken, nobody is sent twice")
    expect(city.process.wait(scale.seconds + 60) == 0, "the city ends by itself")
    summary = json.loads(city.said[-1])
    # The city has left: whatever was under way waits for other ambulances, at the latest when the
    # sessions are over whose farewell came too late.
    story.eventually(f"mobility incidents --json {everywhere}", ALL_AT_REST, seconds=30)
    incidents = [json.loads(line) for line in
                 story.run(f"mobility incidents --json {everywhere}", lines_shown=1).splitlines()
                 if line.startswith("{")]
    for incident in incidents:
        check_chain(incident)
    states = {}
    for incident in incidents:
        states[incident["state"]] = states.get(incident["state"], 0) + 1
    print(f"    {len(incidents)} incidents: {states}", flush=True)
    print(f"    {city.said[-1]}", flush=True)
    expect(len(incidents) + summary["figures"]["repeatedReports"] >= summary["reported"] > 0,
           "each report that was acknowledged is there")
    expect(states.get("CLOSED", 0) > 0, "patients came to hospitals")
    working = [step["unit"] for incident in incidents for step in incident["steps"]
               if step["kind"] == "HANDED_OVER"]
    expect(len(working) == states.get("CLOSED", 0), "each was handed over once")
    if scale is LONG:
        expect(summary["sessionsEnded"] == 0, "no client lost its session")
    servers.expect_alive()
    story.run(f"mobility figures {everywhere}")


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["long"]):
        sys.exit("usage: city.py [long]")
    tell(lambda story: scenario(story, LONG if sys.argv[1:] else SHORT))
