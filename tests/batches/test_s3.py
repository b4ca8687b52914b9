"""Batches on S3: a real server, and moto's behind a proxy for errors that a real one makes seldom."""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, cycle
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from batch_processes import environment, run, start, wait_until, workers
from batch_results import TARGET, content, facts, statuses
from servers import BUCKET, KEYS, moto, seaweed

import bytefit
from bytefit import ConfigError
from bytefit.batches.manifest import job_at, write_manifest
from bytefit.batches.storage.retries import reason_of
from images import flat, noise, write_jpeg

s3fs = pytest.importorskip("s3fs", reason="needs bytefit[s3]")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Return the address of a real S3 server with an empty bucket."""
    with seaweed(tmp_path_factory.mktemp("seaweed")) as address:
        yield address


@pytest.fixture(scope="module")
def moto_server():
    """Return the address of moto's S3."""
    with moto() as address:
        yield address


@pytest.fixture
def connected(monkeypatch):
    """Return a function that makes an address the S3 of this process, and returns its file system."""

    def connected(address):
        for name, value in {
            **KEYS,
            "AWS_ENDPOINT_URL": address,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
        }.items():
            monkeypatch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        fs = s3fs.S3FileSystem(use_listings_cache=False)
        wait_until(lambda: _answers(fs))
        if not fs.exists(BUCKET):
            fs.mkdir(BUCKET)
        return fs

    yield connected
    s3fs.S3FileSystem.clear_instance_cache()


def _answers(fs):
    try:
        fs.ls("", refresh=True)
    except OSError:
        return False
    return True


def emptied(fs):
    """Remove what is in the bucket."""
    if found := fs.find(BUCKET):
        fs.rm(found)
    return fs


@pytest.fixture
def real(connected, server):
    """Return the file system of the real server, with an empty bucket."""
    return emptied(connected(server))


@pytest.fixture
def fake(connected, moto_server):
    """Return the file system of moto, with an empty bucket."""
    return emptied(connected(moto_server))


@pytest.fixture
def impatient(monkeypatch):
    """Try again without a pause; s3fs itself does not try again."""
    monkeypatch.setattr("bytefit.batches.storage.retries.time", SimpleNamespace(sleep=lambda _seconds: None))
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)


def upload(fs, folder, prefix="in"):
    """Put the files of a folder below a prefix, with the headers of a site."""
    for path in folder.rglob("*.jpg"):
        key = f"{BUCKET}/{prefix}/{path.relative_to(folder).as_posix()}"
        headers = {"ContentType": "image/jpeg", "CacheControl": "max-age=60", "Metadata": {"author": "me"}}
        fs.pipe_file(key, path.read_bytes(), **headers)


def head(fs, name):
    """Return the headers of an object."""
    return fs.call_s3("head_object", Bucket=BUCKET, Key=name)


def test_a_bucket_is_fitted_into_another_place(real, photos, batch, tmp_path):
    """The answers and the headers are right, and the job folder can lie in the bucket, too."""
    source = photos(5)
    write_jpeg(source / "small.jpg", flat())
    upload(real, source)

    rows = batch(f"s3://{BUCKET}/in", f"s3://{BUCKET}/out", format="WEBP")
    kept = batch(f"s3://{BUCKET}/in", f"s3://{BUCKET}/same")

    assert set(statuses(rows).values()) == {"done"}
    assert statuses(kept)["small.jpg"] == "fits"
    assert rows["photo1.jpg"].entry.stamp.etag
    found = head(real, "out/photo1.webp")
    assert (found["ContentType"], found["CacheControl"], found["Metadata"]) == (
        *("image/webp", "max-age=60"),
        {"author": "me"},
    )
    assert real.exists(f"{BUCKET}/out.bytefit-job/job.json")
    assert head(real, "same/small.jpg")["CacheControl"] == "max-age=60"
    bytefit.compress_file(source / "photo1.jpg", TARGET, output=tmp_path / "one.webp")
    assert real.cat_file(f"{BUCKET}/out/photo1.webp") == (tmp_path / "one.webp").read_bytes()
    assert batch(f"s3://{BUCKET}/in", f"s3://{BUCKET}/out", format="WEBP") == {}


def test_a_folder_is_fitted_into_a_bucket_and_back(real, photos, batch, tmp_path):
    """Source and destination need not be of one kind."""
    batch(photos(2), f"s3://{BUCKET}/up", job=tmp_path / "job", keep_times=True)
    batch(f"s3://{BUCKET}/up", tmp_path / "down")

    assert set(content(tmp_path / "down")) == {"below/photo0.jpg", "photo1.jpg"}
    assert head(real, "up/photo1.jpg")["ContentType"] == "image/jpeg"
    assert float(head(real, "up/photo1.jpg")["Metadata"]["mtime"]) == pytest.approx(time.time(), abs=600)


def test_a_job_on_the_server_survives_its_driver(real, server, tmp_path):
    """The driver is killed twice. In the end the bucket holds what an undisturbed job makes."""
    source = tmp_path / "in"
    source.mkdir()
    for number in range(10):
        write_jpeg(source / f"photo{number}.jpg", noise((320, 240), seed=number))
    upload(real, source)
    env = environment(tmp_path, **KEYS, AWS_ENDPOINT_URL=server)
    command = [f"s3://{BUCKET}/in", f"s3://{BUCKET}/out", "--to", "13KB", "--jobs", 2, "--slack", 0, "--shard-size", 2]
    generator = random.Random()

    for _ in range(2):
        process = start(command, env)
        wait_until(lambda process=process: workers(process.pid) or process.poll() is not None)
        time.sleep(generator.uniform(0.2, 0.8))
        process.kill()
        process.wait()
    code, out, err = run(command, env)

    assert code == 0, err
    assert "10 of 10 images" in out
    undisturbed = tmp_path / "undisturbed"
    for path in source.iterdir():
        undisturbed.mkdir(exist_ok=True)
        bytefit.compress_file(path, "13KB", output=undisturbed / path.name, slack=0)
    wanted = {path.name: path.read_bytes() for path in undisturbed.iterdir()}
    assert {path.rpartition("/")[2]: real.cat_file(path) for path in real.find(f"{BUCKET}/out/")} == wanted
    write_manifest(job_at(f"s3://{BUCKET}/out.bytefit-job"), tmp_path / "m.jsonl")
    assert [row["after"] for row in facts(tmp_path / "m.jsonl")] == [len(wanted[name]) for name in sorted(wanted)]


@contextmanager
def failing_proxy(address, fails):
    """Run a proxy before an S3 server; `fails` returns how a request fails: a status, "reset", "slow" or None."""
    target = urlsplit(address).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each answer waits 40 ms for the acknowledgement of its head

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            how = fails(self.command, self.path)
            if how == "reset":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if isinstance(how, int):
                self.send_response(how)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            connection = http.client.HTTPConnection(target)
            connection.request(self.command, self.path, body, dict(self.headers))
            reply = connection.getresponse()
            data = reply.read()
            self.send_response(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                    self.send_header(name, value)
            length = reply.getheader("Content-Length") if self.command == "HEAD" else len(data)
            self.send_header("Content-Length", str(length or 0))
            self.end_headers()
            for start_of_part in range(0, len(data), 4000):
                self.wfile.write(data[start_of_part : start_of_part + 4000])
                if how == "slow":
                    time.sleep(0.02)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_arguments):
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}"
    finally:
        proxy.shutdown()
        proxy.server_close()


def test_in_place_keeps_headers_and_leaves_alone_what_changed(real, server, connected, photos, batch):
    """If-Match: what somebody uploads between the GET and the PUT must not be lost."""
    upload(real, photos(2))

    def somebody_uploads(command, path):
        if command == "PUT" and path.endswith("in/photo1.jpg"):
            real.pipe_file(f"{BUCKET}/in/photo1.jpg", b"another file")

    with failing_proxy(server, somebody_uploads) as address:
        connected(address)
        rows = batch(f"s3://{BUCKET}/in", in_place=True)

    assert statuses(rows) == {"below/photo0.jpg": "done", "photo1.jpg": "changed-meanwhile"}
    assert head(real, "in/below/photo0.jpg")["ContentLength"] <= 9000
    assert head(real, "in/below/photo0.jpg")["CacheControl"] == "max-age=60"
    assert head(real, "in/photo1.jpg")["ContentLength"] == len(b"another file")


@pytest.mark.usefixtures("impatient")
def test_a_server_that_fails_now_and_then_costs_no_image(fake, moto_server, connected, photos, batch, tmp_path):
    """Errors of the server, lost connections and slow answers are tried again, and say nothing about images."""
    upload(fake, photos(8))
    requests, faults = count(1), cycle([500, 503, "reset", "slow"])
    seen = []

    def fails(_command, path):
        if "photo" not in path or next(requests) % 4:
            return None
        seen.append(next(faults))
        return seen[-1]

    with failing_proxy(moto_server, fails) as address:
        connected(address)
        rows = batch(f"s3://{BUCKET}/in", f"s3://{BUCKET}/out", job=tmp_path / "job")

    assert set(statuses(rows).values()) == {"done"}
    assert {*seen} == {500, 503, "reset", "slow"}


@pytest.mark.usefixtures("impatient")
def test_a_server_that_goes_on_failing_is_never_the_images_fault(fake, moto_server, connected, photos, batch):
    """The row says io, and the same command does the image later."""
    upload(fake, photos(2))
    broken = True

    def fails(command, path):
        return 500 if broken and command == "PUT" and "out/photo1.jpg" in path else None

    with failing_proxy(moto_server, fails) as address:
        connected(address)
        first = batch(f"s3://{BUCKET}/in", f"s3://{BUCKET}/out", shard_size=2)
        broken = False
        again = batch(f"s3://{BUCKET}/in", f"s3://{BUCKET}/out", shard_size=2)

    assert statuses(first) == {"below/photo0.jpg": "done", "photo1.jpg": "io"}
    assert set(statuses(again).values()) == {"done"}


@pytest.mark.parametrize(
    ("source", "destination", "message"),
    [
        ("s3://no-such-bucket/in", "out", "source s3://no-such-bucket/in"),
        (f"s3://{BUCKET}/nothing", "out", "has no images"),
        ("in", "s3://no-such-bucket/out", "no such bucket"),
    ],
)
def test_a_wrong_bucket_is_one_line(fake, photos, batch, tmp_path, monkeypatch, source, destination, message):
    """Nothing is written, neither here nor there."""
    assert fake.exists(BUCKET)
    monkeypatch.chdir(tmp_path)
    photos(1)

    with pytest.raises(ConfigError) as caught:
        batch(source, destination)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert set(content(tmp_path)) == {"in/below/photo0.jpg"}
    assert fake.find(BUCKET) == []


def test_missing_credentials_are_one_line(moto_server, tmp_path):
    """In a process without keys and without a home."""
    env = environment(tmp_path, AWS_ENDPOINT_URL=moto_server, HOME=str(tmp_path), AWS_EC2_METADATA_DISABLED="true")
    for name in KEYS:
        env.pop(name, None)

    code, _, err = run([f"s3://{BUCKET}/in", tmp_path / "out", "--to", TARGET], env)

    assert code == 2
    assert err.count("\n") == 1
    assert "credentials" in err.lower()
    assert [path.name for path in tmp_path.iterdir()] == ["custom"]


@pytest.mark.parametrize(
    "text",
    [
        "https://host/key?X-Amz-Credential=SECRET1234&X-Amz-Signature=SECRET1234",
        "ftp://me:SECRET1234@host/x failed",
        "aws_secret_access_key = 'SECRET1234' is wrong",
        "key AKIASECRET1234ABCD was refused",
    ],
)
def test_no_message_holds_a_secret(text):
    """Messages end up in manifests and in logs that others read."""
    assert "SECRET1234" not in reason_of(ValueError(text))
