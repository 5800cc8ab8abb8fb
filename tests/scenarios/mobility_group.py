"""Three servers of a city on one machine, started as one would by hand, and clients that find them.

In a network namespace of its own, so that the ports 8000, 8888 and 8080 are free.
"""

import json
import time

from story import expect, tell


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

    story.chapter("Clients of four kinds find the servers by themselves")
    story.run("discover")
    light = story.start("light", "mobility client --client-type TrafficLight")
    light.says("^TrafficLight traffic_light_1 is signed on at ")
    hospital = story.start("hospital", "mobility client --client-type Hospital --beds 1")
    hospital.says("^Hospital hospital_1 is signed on at ")
    ambulance = story.start("ambulance", "mobility client")
    ambulance.says("^Ambulance ambulance_1 is signed on at ")
    car = story.start("car", "mobility client --client-type car --client-id red")
    car.says("^Car red is signed on at ")
    units = story.run("mobility units")
    expect("traffic_light_1" in units and "1 free bed" in units, "the group knows them all")
    taken = story.run("mobility client --client-type Car --client-id red", code=1)
    expect("red" in taken and "free" in taken, "an id that is taken is refused with another one")

    story.chapter("A crash: the ambulance is sent, and accepts")
    car.type("c")
    incident = car.says(r"^incident (\S+) is reported").group(1)
    ambulance.says(f"^go to the scene: incident {incident}, red")
    ambulance.type("o")
    car.says(f"^incident {incident}: .*accepted +ambulance_1")
    car.type("c")
    car.says(f"^incident {incident} is known already")

    story.chapter("A server is killed: its clients go on at another one, and so does the incident")
    first.kill()
    ambulance.type("r")
    car.says(f"^incident {incident}: .*on scene")
    ambulance.says(f"^go to the hospital: incident {incident}, hospital_1")
    hospital.says(f"^expect a patient: incident {incident}, ambulance_1")
    story.eventually("members", r"^#1 .*FAILED")

    story.chapter("The leader is killed: the highest ID that is left leads, and everybody is told")
    watcher = story.start("watcher", "watch --server 127.0.0.1:8888")
    story.eventually("status", r"^leader +\S+-8080", seconds=10)
    first = story.start("8000 again", "serve --tcp_port=8000 --logging_level=DEBUG")
    first.says("^ready ")
    watcher.says("8000.*(back|returned|ALIVE|alive)|returned:")
    third.kill()
    ambulance.type("t")
    for server in (first, second):
        server.says(r"election: cause=lost:\S+-8080 .* leader=\S+-8888 .* rule=highest-id")
    watcher.says(r"election: cause=lost:\S+-8080 ")
    car.says(f"^incident {incident}: .*transporting")

    story.chapter("The patient is handed over, and the ambulance is free for the next one")
    ambulance.type("a")
    hospital.says(f"^patient arrived: incident {incident}")
    car.says(f"^incident {incident}: .*closed")
    steps = story.run(f"mobility show {incident} --json")
    kinds = [step["kind"] for step in json.loads(steps)["steps"]]
    expect(kinds == ["REPORTED", "ASSIGNED", "ACCEPTED", "ON_SCENE", "BED_RESERVED",
                     "TRANSPORTING", "HANDED_OVER", "CLOSED"], "no step is missing, none is twice")
    expect("1 closed" in story.run("mobility figures"), "and the figures have it")


if __name__ == "__main__":
    tell(scenario, ports_of_its_own=True)
