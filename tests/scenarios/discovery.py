"""Servers look for each other: phases, retries, statistics; one joins; one falls ill and recovers."""

import json

from story import expect, free_ports, tell


def scenario(story):
    ports = free_ports(7)
    udp = ports.pop()
    look = f"--discovery-port {udp}"

    def serve(name):
        port, peer_port = ports[:2]
        del ports[:2]
        actor = story.start(name, f"serve --name {name} --tcp-port {port} --peer-port {peer_port} "
                            f"--data {name} {look} --failure-timeout 1500ms --handover-after 300ms")
        actor.address = f"127.0.0.1:{port}"
        return actor

    def discovery_of(actor):
        status = json.loads(story.run(f"status --json --server {actor.address}"))
        return status["discovery"]

    story.chapter("Nobody is there: a client asks again and again, then says whom it asked")
    nobody = story.run("status --discovery-timeout 500ms", code=1)
    expect("--server" in nobody, "the remedy is named")

    story.chapter("A server searches before it founds a group of its own")
    a = serve("a")
    story.eventually(f"status --json --server {a.address}", '"phase":"SEARCHING"', seconds=3)
    a.says("^ready .* server=a number=1 .* leader=a$")
    found = discovery_of(a)
    expect(found["phase"] == "SETTLED", "it has settled")
    expect(found["attempts"] == 4, "it asked four times, with pauses that double")

    story.chapter("A second one hears the first, and joins instead of founding")
    b = serve("b")
    b.says("^ready .* server=b number=2 ")
    expect(discovery_of(b)["answers"] >= 1, "it was answered")
    a.says("no longer leader: handed to b")
    a.says("election: cause=joined:b .* leader=b previous=a ")

    story.chapter("A component that joins later is told to everybody who watches")
    watcher = story.start("watcher", f"watch --server {a.address}")
    c = serve("c")
    c.says("^ready .* server=c number=3 ")
    watcher.says(r"\bc\b.*joined|joined:c")
    story.eventually(f"members --server {a.address}", r"^#3 +c .*VOTER +ALIVE|^#3 +c .*LEADER +ALIVE")

    story.chapter("Health: one that falls silent is suspected, then counted as failed, and returns")
    a.freeze()
    story.eventually(f"members --server {c.address}", "^#1 +a .*SUSPECT|^#1 +a .*FAILED")
    story.eventually(f"members --server {c.address}", "^#1 +a .*FAILED")
    c.says("a .*failed|a .*FAILED|lost:a")
    a.thaw()
    story.eventually(f"members --server {c.address}", "^#1 +a .*ALIVE")
    c.says("a .*back|returned:a|a .*ALIVE|a .*alive")


if __name__ == "__main__":
    tell(scenario)
