import pytest

from alerting_samples import exposure, fingerprint, open_store, put
from monitor.store import blobs

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    await put(opened, exposure("a"), exposure("b"))
    yield opened
    await opened.close()


def held(leak, n):
    return {
        "blob_sha": "s",
        "exposure_id": fingerprint(leak),
        "origin": "o",
        "occurrences": n,
        "seen_at": 1.0,
    }


async def test_blobs_and_their_leaks(store):
    async with store.write() as connection:
        await blobs.save_blobs(connection, [held("a", 1), held("b", 1)])
        await blobs.save_blobs(connection, [held("a", 3)])
        assert await blobs.load_blobs(connection, ["s", "other"]) == {
            "s": {fingerprint("a"): held("a", 3), fingerprint("b"): held("b", 1)}
        }


async def test_places_of_blobs_once_and_in_order(store):
    def row(digest, at):
        return {"blob_sha": "s", "digest": digest, "seen_at": at, "kept_since": 1.0, "event": {"at": at}}

    async with store.write() as connection:
        await blobs.add_blob_places(connection, [row("x", 2.0), row("y", 1.0)])
        await blobs.add_blob_places(connection, [row("x", 3.0)])
        assert await blobs.load_blob_places(connection, ["s"]) == [{"at": 1.0}, {"at": 2.0}]
        assert await blobs.load_blob_places(connection, ["t"]) == []
