"""Five peers of an entry file: the leader is lost, the majority is lost, and both return."""

from story import expect, free_ports, tell


def scenario(story):
    story.chapter("Five lines say who there is, and where")
    ports = free_ports(5)
    lines = [f"{number} 127.0.0.1:{port}" for number, port in enumerate(ports)]
    entry = story.folder / "entry"
    entry.write_text("\n".join(["5", *lines]) + "\n")
    print("  " + entry.read_text().replace("\n", "\n  "))

    def peer(number):
        return story.start(f"peer {number}", f"peer {number} {ports[number]} --data data{number}")

    def server(number):
        return f"--server 127.0.0.1:{ports[number]}"

    story.chapter("Nobody begins before all five are there")
    peers = [peer(0), peer(1), peer(2)]
    for one in peers:
        one.says(r"^waiting for 3 \(127.0.0.1:\d+\), 4 \(127.0.0.1:\d+\): 3 of 5 connected")
    story.run(f"chat ann --send early --timeout 1s {server(0)}", code=1)
    peers += [peer(3), peer(4)]
    for one in peers:
        one.says("^online 0,1,2,3,4$")
        one.says("^leader 0$")
    story.run(f"members {server(4)}")
    story.run(f"chat ann --send first {server(4)}")

    story.chapter("The leader dies, and the next lowest ID leads")
    peers[0].kill()
    for one in peers[1:]:
        one.says("^online 1,2,3,4$")
        one.says("^leader 1$", seconds=3)
    story.run(f"chat bob --send second {server(3)}")

    story.chapter("Two more die: without a majority nothing is written, and it is said why")
    peers[1].kill()
    peers[2].kill()
    for one in peers[3:]:
        one.says("^leader none: 2 of 5 online, 3 needed$")
    refused = story.run(f"chat cec --send lost --timeout 8s {server(3)}", code=1)
    expect("3 of 5 voters needed, 2 reachable" in refused, "the refusal says what is missing")

    story.chapter("One of them returns at once, and with it the majority")
    peers[1] = peer(1)
    for one in (peers[1], peers[3], peers[4]):
        one.says(r"^leader \d$")
    story.run(f"chat dan --send third {server(3)}")

    story.chapter("All return, and the lowest ID has the leadership again")
    peers[0], peers[2] = peer(0), peer(2)
    for one in peers:
        one.says("^online 0,1,2,3,4$")
        one.says("^leader 0$", seconds=30)
    said = story.run(f"chat eve --history 10 {server(2)}")
    expect(all(word in said for word in ("first", "second", "third")), "nothing is lost")
    expect("lost" not in said, "what was refused was not written")


if __name__ == "__main__":
    tell(scenario)
