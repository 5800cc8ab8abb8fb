"""A main server that founds the group, supplemental ones that only join, and a console that finds its
way among them."""

from story import expect, free_ports, tell


def scenario(story):
    ports = free_ports(8)
    udp = ports.pop()

    def serve(name, *options, folder=None):
        place = "abcd".index(name) * 2 % 6
        port, peer_port = ports[place:place + 2]
        actor = story.start(name, f"serve --name {name} --tcp-port {port} --peer-port {peer_port} "
                            f"--data {folder or name} --discovery-port {udp} --handover-after 300ms "
                            + " ".join(options))
        actor.address, actor.port = f"127.0.0.1:{port}", port
        return actor

    story.chapter("A supplemental server alone founds nothing: it waits for a group")
    second = serve("b", "--opt 0")
    second.says("waiting: ")

    story.chapter("The main server founds the group at once, and the other one joins")
    main = serve("a", "--opt 1")
    main.says("^ready .* server=a number=1 ")
    second.says("^ready .* server=b number=2 ")
    third = serve("c", "--opt 0")
    third.says("^ready .* server=c number=3 ")
    story.eventually(f"status --server {main.address}", "^leader +c,")

    story.chapter("The console finds them all, once each, and goes where it is sent")
    console = story.start("console", f"console --server {second.address} --timeout 5s")
    console.type("find")
    for _ in range(3):
        console.says(rf"^{story.group} +#\d +[abc] ")
    console.says(r"^attached to [abc] \(#\d\) 127.0.0.1:\d+$", seconds=20)
    console.type("report")
    console.says("^leader +c$")
    console.type("server")
    for name in "abc":
        console.says(rf"^#\d +{name} .* ALIVE ")
    console.type("client")
    console.says("^(NAME|no client has a session)")

    story.chapter("Methods, of whoever listens on a port of this machine, and of all")
    console.type(f"rmi {main.port} report")
    console.says("^server +a$")
    console.type("all rmi version")
    for _ in range(3):
        console.says("^  schema version")
    story.run(f"rmi {third.port} stats")
    story.run(f"rmi {third.port} log-level debug")
    third.says("debug ")
    refused = story.run(f"rmi {third.port} lgo-level", code=1)
    expect("did you mean log-level?" in refused, "the nearest method is named")

    story.chapter("What waits, and what happened")
    console.type("queue")
    console.says("^nothing is held back$")
    console.type("history")
    console.says("election: cause=joined:c ")

    story.chapter("Something is sold, and what happens by itself")
    console.type("start 10 an old clock")
    lot = console.says(r"^lot (\d+\.0) is open").group(1)
    story.run(f"auction bid {lot} 12.50 --as bob --server {second.address}")
    refused = story.run(f"rmi {second.port} auction.pause {lot}", code=1)
    expect("only the main server does this: ask c" in refused, "the main server is named")
    paused = story.run(f"rmi {third.port} auction.pause {lot}")
    expect(f"lot {lot} is PAUSED" in paused, "the lot's clock stands still")
    console.type(f"bid {lot} 20")
    console.says("PERMISSION_DENIED: a seller can't bid")
    story.run(f"rmi {third.port} auction.resume {lot}")
    console.type("end")
    console.says("sold to bob for 12.50 EUR")
    for command in ("join", "udp_listen"):
        console.type(command)
        console.says("by themselves")
    console.type("clear")
    console.type("help")
    console.says("^exit ")

    story.chapter("A server leaves for good, asked twice; the leader has to hand over first")
    leaver = story.start("console of b", f"console --server {second.address}")
    leaver.type("leave")
    leaver.says("Is that meant")
    leaver.type("yes")
    leaver.says("no way back")
    leaver.type("yes")
    leaver.says("^b has left")
    expect(second.process.wait(15) == 0, "it ends by itself")
    boss = story.start("console of c", f"console --server {third.address}")
    boss.type("leave")
    boss.says("muster transfer NAME")

    story.chapter("Its port is free for another; a second main server is refused")
    other = serve("b", "--opt 1", folder="again")
    expect(other.process.wait(20) == 1, "the group answers, so it does not found one")
    console.type("exit")
    expect(console.process.wait(10) in (0, 1), "the console ends")


if __name__ == "__main__":
    tell(scenario)
