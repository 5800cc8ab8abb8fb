"""Three servers of a city on one machine, started as one would by hand, and clients that find them.

In a network namespace of its own, so that the ports 8000, 8888 and 8080 are free.
"""

from story import expect, tell
import time


def scenario(story):
    story.chapter("A client that finds nobody ends when its discovery timeout is over")
    begun = time.monotonic()
    nobody = story.run("chat ann --send hello --discovery-timeout 2s", code=1)
    took = time.monotonic() - begun
    expect(1.9 < took < 4, f"it took {took:.1f} s")
    expect("--server" in nobody, "the remedy is named")

    story.chapter("Three servers, one after the other; each finds those before it")
    first = story.start("8000", "serve --tcp_port=8000 --logging_level=DEBUG")
    first.says("^ready .* number=1 port=8000 peer-port=8001 ")
    second = story.start("8888", "serve --tcp_port=8888 --logging_level=DEBUG")
    second.says("^ready .* number=2 port=8888 peer-port=8889 ")
    first.says(r"no longer leader: handed to \S+-8888")
    third = story.start("8080", "serve --tcp_port=8080 --logging_level=DEBUG")
    third.says("^ready .* number=3 port=8080 peer-port=8081 ")
    servers = [first, second, third]
    second.says(r"no longer leader: handed to \S+-8080")
    for server in servers:
        server.says(r"election: cause=joined:\S+-8080 .* leader=\S+-8080 .* rule=highest-id")
        server.says("debug .* heartbeats and pings")

    story.chapter("Clients find the servers by themselves")
    story.run("discover")
    clients = {}
    for name, port in (("ambulance", 8000), ("car", 8888), ("hospital", 8080)):
        others = " ".join(f"--server 127.0.0.1:{each}" for each in (8000, 8888, 8080)
                          if each != port)
        clients[name] = story.start(name, f"chat {name} --follow --server 127.0.0.1:{port} {others}")
        clients[name].type(f"{name} is on the road")
        clients[name].says(f"{name}: {name} is on the road")
    story.eventually("members", "^#1 .* 1 ")

    story.chapter("A server is killed: its clients go on at another one")
    first.kill()
    clients["ambulance"].type("at the scene")
    for client in clients.values():
        client.says("ambulance: at the scene")
    story.eventually("members", r"^#1 .*FAILED")

    story.chapter("The leader is killed: the highest ID that is left leads, and everybody is told")
    watcher = story.start("watcher", "watch --server 127.0.0.1:8888")
    story.eventually("status", r"^leader +\S+-8080", seconds=10)
    first = story.start("8000 again", "serve --tcp_port=8000 --logging_level=DEBUG")
    first.says("^ready ")
    watcher.says("8000.*(back|returned|ALIVE|alive)|returned:")
    third.kill()
    for server in (first, second):
        server.says(r"election: cause=lost:\S+-8080 .* leader=\S+-8888 .* rule=highest-id")
    watcher.says(r"election: cause=lost:\S+-8080 ")
    clients["hospital"].type("two beds are free")
    for client in clients.values():
        client.says("hospital: two beds are free")


if __name__ == "__main__":
    tell(scenario, ports_of_its_own=True)
