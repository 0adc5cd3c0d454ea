from simulated import simulated


async def test_the_list_has_no_content_and_one_gist_has():
    async with simulated() as net:
        world = net.simulator.world
        made = world.gist({"a.env": b"KEY=1\n"}, net.clock(), owner=world.people[0], description="d")
        listed = (await net.get("/github/gists/public")).json
        assert set(listed[0]["files"]["a.env"]) == {"filename", "type", "language", "raw_url", "size"}
        assert (listed[0]["user"], listed[0]["owner"]["login"]) == (None, world.people[0].login)
        one = (await net.get(f"/github/gists/{made.id}")).json
        assert one["files"]["a.env"]["content"] == "KEY=1\n"
        assert one["files"]["a.env"]["truncated"] is False
        assert (await net.get(one["files"]["a.env"]["raw_url"])).body == b"KEY=1\n"
        assert (await net.get("/github/gists/none")).status == 404


async def test_a_large_file_is_truncated_and_whole_behind_its_raw_url():
    async with simulated() as net:
        content = b"x" * 1_000_000 + b"END"
        made = net.simulator.world.gist({"big": content}, net.clock())
        one = (await net.get(f"/github/gists/{made.id}")).json
        assert one["files"]["big"]["truncated"] is True
        assert "END" not in one["files"]["big"]["content"]
        assert "owner" not in one
        assert (await net.get(one["files"]["big"]["raw_url"])).body == content


async def test_since_is_about_the_update_and_an_edit_comes_again():
    async with simulated() as net:
        world = net.simulator.world
        old = world.gist({"a": b"1"}, net.clock())
        net.clock.advance(100)
        new = world.gist({"b": b"2"}, net.clock())
        url = "/github/gists/public?since=2026-05-28T20:27:00Z"
        assert [g["id"] for g in (await net.get(url)).json] == [new.id]
        net.clock.advance(10)
        world.gist({"a": b"3"}, net.clock(), gist_id=old.id)
        listed = (await net.get(url)).json
        assert [g["id"] for g in listed] == [old.id, new.id]
        assert listed[0]["updated_at"] > listed[0]["created_at"]
        stale = f"/gist-raw/anonymous/{old.id}/raw/{old.revision}/a"
        assert (await net.get(stale)).body == b"1"  # a revision stays where it was
        assert (await net.get(stale.replace(old.revision, "0" * 40))).status == 404
        assert (await net.get("/github/gists/public?since=never")).status == 422


async def test_revisions_and_the_first_300_files():
    async with simulated() as net:
        world = net.simulator.world
        old = world.gist({"a": b"KEY=1"}, net.clock())
        net.clock.advance(10)
        new = world.gist({f"f{n}": b"%d" % n for n in range(301)}, net.clock(), gist_id=old.id)
        whole = (await net.get(f"/github/gists/{old.id}")).json
        assert (whole["truncated"], len(whole["files"])) == (True, 300)
        assert [entry["version"] for entry in whole["history"]] == [new.revision, old.revision]
        former = (await net.get(f"/github/gists/{old.id}/{old.revision}")).json
        assert former["files"]["a"]["content"] == "KEY=1"
        assert (await net.get(f"/github/gists/{old.id}/{'0' * 40}")).status == 404


async def test_files_over_ten_megabytes_are_only_to_be_cloned():
    async with simulated() as net:
        made = net.simulator.world.gist({"dump": b"x" * 10_000_001}, net.clock())
        entry = (await net.get(f"/github/gists/{made.id}")).json["files"]["dump"]
        assert (entry["truncated"], entry["size"]) == (True, 10_000_001)
        assert (await net.get(entry["raw_url"])).status == 404


async def test_pages():
    async with simulated() as net:
        for number in range(35):
            net.simulator.world.gist({"a": b"%d" % number}, net.clock())
        first = await net.get("/github/gists/public")
        second = await net.get(first.next())
        assert len({g["id"] for g in first.json + second.json}) == 35
