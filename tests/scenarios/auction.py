"""An auction house of three servers, full of bidders, whose leader is killed again and again.

Without an argument it takes half a minute. `auction.py long`: 200 bidders, 20 lots, two minutes,
the leader killed every 10 s and started again 5 s later.
"""

import dataclasses
import json
import sys

from story import expect, tell
from three_servers import Kills, ThreeServers


@dataclasses.dataclass
class Scale:
    bidders: int
    lots: int
    seconds: int  # That the lots are open.
    kills: Kills


SHORT = Scale(bidders=60, lots=6, seconds=18, kills=Kills(number=2, every=7, start_after=2.5))
LONG = Scale(bidders=200, lots=20, seconds=120, kills=Kills(number=12, every=10, start_after=5))


def scenario(story, scale):
    story.chapter("Three servers, and a lot by hand: a proxy bids for ann, and its maximum is secret")
    servers = ThreeServers(story)
    everywhere = servers.everywhere
    offered = story.run(f"auction open 'An old chair' --start 10 --soft-close 5s --as sel "
                        f"{everywhere}")
    lot = offered.split()[0]
    story.run(f"auction bid {lot} 12 --max 30 --as ann {everywhere}")
    bid = story.run(f"auction bid {lot} 20 --as bob {everywhere}")
    expect("stands at 21.00 EUR by ann" in bid and "30" not in bid.split("receipt")[0],
           "her proxy goes one step above bob, and says no more")
    refused = story.run(f"auction bid {lot} 21.50 --as bob {everywhere}", code=1)
    expect("refused at its home" in refused, "what is lost anyway does not bother the leader")
    story.run(f"auction history {lot} {everywhere}")

    story.chapter(f"A house opens: {scale.bidders} bidders, {scale.lots} lots, {scale.seconds} s")
    house = story.start("house", f"auction house --lots {scale.lots} --bidders {scale.bidders} "
                        f"--duration {scale.seconds}s --json {everywhere}")
    house.says("^[1-9][0-9]* bids, ")

    story.chapter("Its leader dies, again and again, and comes back")
    servers.kill_in_turn(scale.kills, lambda turn, leader: leader)

    story.chapter("The lots are over: each acknowledged bid is in the record once, on every server")
    house.says(r'^\{"lots":', seconds=scale.seconds + 60)
    figures = json.loads(next(line for line in house.said if line.startswith('{"lots":')))
    expect(house.process.wait(10) == 0, "the house finds its books in order")
    expect((figures["lost"], figures["surplus"], figures["faults"]) == (0, 0, 0), "and says so")
    expect(figures["servers"] == 3, "it has looked into the books of all three")
    expect(figures["lots"] == scale.lots and figures["sold"] > 0, "there are winners")
    expect(figures["accepted"] > scale.bidders, "there was real bidding")

    story.chapter("The lot that was opened by hand is as it was left")
    expect("21.00 EUR by ann" in story.run(f"auction show {lot} {everywhere}"), "ann's bid stands")
    story.run(f"auction close {lot} --as sel {everywhere}")
    story.eventually(f"auction verify {lot} {everywhere}",
                     r"^a .*2 entries, chain right.*\n^b .*2 entries.*\n^c .*2 entries.*")
    servers.expect_alive()


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["long"]):
        sys.exit("usage: auction.py [long]")
    tell(lambda story: scenario(story, LONG if sys.argv[1:] else SHORT))
