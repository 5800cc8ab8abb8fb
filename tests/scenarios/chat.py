"""A chat over three servers: names, who is there, `status`; an election at each join and loss, and a
leader that acknowledges that it is one no longer."""

from story import expect, free_ports, tell


def scenario(story):
    ports = free_ports(7)
    udp = ports.pop()

    def serve(name):
        port, peer_port = ports["abc".index(name) * 2:][:2]
        actor = story.start(name, f"serve --name {name} --tcp-port {port} --peer-port {peer_port} "
                            f"--data {name} --discovery-port {udp} --failure-timeout 1500ms "
                            "--handover-after 300ms")
        actor.address = f"127.0.0.1:{port}"
        return actor

    story.chapter("One server, and the first to talk")
    a = serve("a")
    a.says("^ready ")
    everywhere = " ".join(f"--server 127.0.0.1:{port}" for port in ports[0:6:2])
    ann = story.start("ann", f"chat ann --follow {everywhere}")
    ann.type("hello?")
    ann.says("ann: hello\\?")

    story.chapter("Each that joins has the higher ID, is elected, and the old leader acknowledges it")
    b = serve("b")
    b.says("^ready ")
    a.says("no longer leader: handed to b")
    a.says("election: cause=joined:b candidates=a,b leader=b previous=a rule=highest-id")
    c = serve("c")
    c.says("^ready ")
    b.says("no longer leader: handed to c")
    for server in (a, b, c):
        server.says("election: cause=joined:c candidates=a,b,c leader=c previous=b rule=highest-id")

    story.chapter("A name belongs to one person; a second one is proposed another")
    taken = story.run(f"chat ann --send hi --server {c.address}", code=1)
    expect("the name ann is taken; ann2 is free" in taken, "another name is proposed")
    bob = story.start("bob", f"chat bob --follow --server {c.address} {everywhere}")
    bob.type("it is me")
    ann.says("bob: it is me")

    story.chapter("The view: which servers there are, who leads, who is in the room")
    story.run(f"members --server {a.address}")
    ann.type("/who")
    ann.says("ann.*bob")
    ann.type("status")
    ann.says("leader.*c|c leads")

    story.chapter("The leader dies: the highest ID that is left leads, and nobody stops talking")
    c.kill()
    for server in (a, b):
        server.says("election: cause=lost:c candidates=a,b leader=b previous=c rule=highest-id")
    ann.type("still here?")
    bob.says("ann: still here\\?")
    bob.type("of course")
    ann.says("bob: of course")

    story.chapter("It comes back, and is handed the leadership once it has caught up")
    c = serve("c")
    c.says("^ready ")
    b.says("no longer leader: handed to c")
    for server in (a, b):
        server.says("election: cause=(returned|rank):c candidates=a,b,c leader=c previous=b")

    story.chapter("All read the same")
    said = story.run(f"chat --history 20 --server {c.address}")
    order = [said.index(text) for text in ("hello?", "it is me", "still here?", "of course")]
    expect(order == sorted(order), "in the order in which it was said")


if __name__ == "__main__":
    tell(scenario)
