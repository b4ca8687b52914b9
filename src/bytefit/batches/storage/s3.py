"""Amazon S3 and what speaks like it: headers that stay, one PUT an object, and If-Match when one is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.batches.storage.stamps import SourceChanged, Stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bytefit.batches.storage.write_options import WriteOptions

# What an object says of itself to browsers, besides its type and the user's metadata. The encoding of the transfer is
# left out: it was that of the old bytes.
_KEPT = ("CacheControl", "ContentDisposition", "ContentLanguage", "StorageClass")

# The codes of a PUT whose If-Match does not hold; 409 is the answer while another PUT is under way.
_CONDITION_FAILED = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


def described(fs: Any, path: str) -> tuple[Stamp, dict[str, Any]]:
    """Return the stamp and the headers of an object, by one HEAD."""
    bucket, key, _ = fs.split_path(path)
    reply = fs.call_s3("head_object", Bucket=bucket, Key=key)
    headers = {name: reply[name] for name in (*_KEPT, "ContentType", "Metadata") if reply.get(name)}
    return _stamp(reply["ContentLength"], reply), headers


def put(fs: Any, path: str, data: bytes, options: WriteOptions) -> None:
    """Write an object by one PUT.

    A modification time to keep goes into the metadata that rclone uses for it: S3 sets its own.

    Raises:
        SourceChanged: if another version is there than the one it may replace.
    """
    settings = dict(options.headers)
    if options.mtime is not None:
        mtime = f"{options.mtime:.9f}".rstrip("0").rstrip(".")
        settings["Metadata"] = {**settings.get("Metadata", {}), "mtime": mtime}
    if options.replaces is not None and options.replaces.etag is not None:
        settings["IfMatch"] = f'"{options.replaces.etag}"'
    bucket, key, _ = fs.split_path(path)
    try:
        fs.call_s3("put_object", Bucket=bucket, Key=key, Body=data, **settings)
    except Exception as error:
        if _condition_failed(error):
            raise SourceChanged("the object was changed by another program meanwhile, and was left alone") from error
        raise


def _condition_failed(error: BaseException | None) -> bool:
    while error is not None:
        reply = getattr(error, "response", None) or {}
        if isinstance(reply, dict) and reply.get("Error", {}).get("Code") in _CONDITION_FAILED:
            return True
        error = error.__cause__
    return False


def listed(fs: Any, root: str) -> Iterator[tuple[str, Stamp]]:
    """Yield the objects below a prefix, a thousand a request."""
    bucket, prefix, _ = fs.split_path(root)
    prefix = f"{prefix.rstrip('/')}/" if prefix else ""
    going_on: dict[str, str] = {}
    while True:
        reply = fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, **going_on)
        for found in reply.get("Contents", ()):
            name = found["Key"][len(prefix) :]
            if name and not name.endswith("/"):
                yield name, _stamp(found["Size"], found)
        if not reply.get("IsTruncated"):
            return
        going_on = {"ContinuationToken": reply["NextContinuationToken"]}


def _stamp(size: int, reply: Mapping[str, Any]) -> Stamp:
    return Stamp(size, reply["LastModified"].timestamp(), reply["ETag"].strip('"'))
