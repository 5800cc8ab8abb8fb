"""An auction house of three servers, full of bidders, whose leader is killed again and again.

Without an argument it takes half a minute. `auction.py long`: 200 bidders, 20 lots, two minutes,
the leader killed every 10 s and started again 5 s later.
"""

import dataclasses
import json
import sys
import time

from story import expect, free_ports, tell


@dataclasses.dataclass
class Scale:
    bidders: int
    lots: int
    seconds: int  # That the lots are open.
    kill_every: float
    start_after: float
    kills: int


SHORT = Scale(bidders=60, lots=6, seconds=18, kill_every=7, start_after=2.5, kills=2)
LONG = Scale(bidders=200, lots=20, seconds=120, kill_every=10, start_after=5, kills=12)


def scenario(story, scale):
    ports = free_ports(7)
    udp = ports.pop()
    servers = {}

    def serve(name):
        port, peer_port = ports["abc".index(name) * 2:][:2]
        servers[name] = story.start(
            name, f"serve --name {name} --tcp-port {port} --peer-port {peer_port} --data {name} "
            f"--discovery-port {udp}")
        servers[name].address = f"127.0.0.1:{port}"

    def sleep_until(moment):
        time.sleep(max(0.0, moment - time.monotonic()))

    story.chapter("Three servers, and a lot by hand: a proxy bids for ann, and its maximum is secret")
    for name in "abc":
        serve(name)
        servers[name].says("^ready ")
    everywhere = " ".join(f"--server {server.address}" for server in servers.values())
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
    begin = time.monotonic()
    for number in range(scale.kills):
        sleep_until(begin + number * scale.kill_every)
        leader = story.eventually(f"status {everywhere}", r"^leader +([abc])\b").group(1)
        servers[leader].kill()
        sleep_until(begin + number * scale.kill_every + scale.start_after)
        serve(leader)
        servers[leader].says("^ready ")

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
    for server in servers.values():
        expect(server.process.poll() is None, "no server ended by itself")


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["long"]):
        sys.exit("usage: auction.py [long]")
    tell(lambda story: scenario(story, LONG if sys.argv[1:] else SHORT))
