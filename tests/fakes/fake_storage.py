"""A fake of Cloud Storage's JSON API: objects with generations, uploads in one piece and in many."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from typing import Any
from urllib.parse import unquote

import google_crc32c
from fake_service import Answer, Body, FakeService, Request


class FakeStorage(FakeService):
    """Objects of one bucket, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, Body] = {}
        self.contents: dict[str, bytes] = {}
        self.public: set[str] = set()
        self.bucket: Body = {}
        """What the bucket says of itself, such as `versioning` and `softDeletePolicy`."""
        self.older: dict[tuple[str, str], tuple[Body, bytes]] = {}
        """Noncurrent versions, by name and generation; kept where the bucket has versioning."""
        self._uploads: dict[str, tuple[Request, bytes]] = {}

    def answer_storage(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        """The answer to a request: status, body, headers."""
        if request.path.startswith("/upload/"):
            return self._upload(request)
        if re.fullmatch(r"/storage/v1/b/[^/]+", request.path):
            return 200, {"name": "b", **self.bucket}, {}
        match = re.fullmatch(r"(?:/download)?/storage/v1/b/([^/]+)/o(?:/([^/]+))?(/acl)?", request.path)
        if match is None:
            raise Answer(404, "notFound", "no such address")
        name = unquote(match[2] or "")
        if match[3]:
            if name not in self.objects:
                raise Answer(404, "notFound", f"No such object: {name}")
            return 200, {"items": []}, {}
        if not name:
            prefix = request.query.get("prefix", "")
            items = [self.objects[one] for one in sorted(self.objects) if one.startswith(prefix)]
            if request.query.get("versions", "").lower() == "true":
                items += [body for body, _ in self.older.values() if body["name"].startswith(prefix)]
            return 200, {"items": items}, {}
        generation = request.query.get("generation")
        if generation is not None and self.objects.get(name, {}).get("generation") != generation:
            return self._of_older(name, generation, request)
        if name not in self.objects:
            raise Answer(404, "notFound", f"No such object: {match[1]}/{name}")
        if request.method == "DELETE":
            self._refuse_kept(self.objects[name])
            if generation is None:
                self._supersede(name)
            del self.objects[name], self.contents[name]
            return 204, b"", {}
        if request.method == "PATCH":
            if any(one["entity"] == "allUsers" for one in request.body.get("acl", [])):
                self.public.add(name)
            return 200, self.objects[name] | request.body, {}
        if request.query.get("alt") == "media":
            said = f"crc32c={self.objects[name]['crc32c']},md5={self.objects[name]['md5Hash']}"
            return 200, self.contents[name], {"x-goog-hash": said}
        return 200, self.objects[name], {}

    def _upload(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        kind = request.query["uploadType"]
        if kind == "multipart":
            boundary = request.headers["content-type"].partition("boundary=")[2].strip("\"'").encode()
            _, meta, data, _ = request.content.split(b"--" + boundary)
            told = json.loads(meta.partition(b"\r\n\r\n")[2])
            return 200, self._store(told["name"], data.partition(b"\r\n\r\n")[2][:-2], request), {}
        if request.method == "POST":
            upload = str(next(self.numbers))
            self._uploads[upload] = (request, b"")
            return 200, {}, {"Location": f"{self.url}{request.path}?uploadType=resumable&upload_id={upload}"}
        first, sofar = self._uploads[request.query["upload_id"]]
        said = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", request.headers["content-range"])
        assert said is not None
        start, total = said.groups()
        if start is not None and int(start) == len(sofar):
            sofar += request.content
            self._uploads[request.query["upload_id"]] = (first, sofar)
        if total == "*" or len(sofar) < int(total):
            return 308, b"", {"Range": f"bytes=0-{len(sofar) - 1}"} if sofar else {}
        return 200, self._store(first.body["name"], sofar, first), {}

    def _of_older(self, name: str, generation: str, request: Request) -> tuple[int, Any, dict[str, str]]:
        if (name, generation) not in self.older:
            raise Answer(404, "notFound", f"No such object: {name}#{generation}")
        body, content = self.older[name, generation]
        if request.method == "DELETE":
            self._refuse_kept(body)
            del self.older[name, generation]
            return 204, b"", {}
        if request.query.get("alt") == "media":
            return 200, content, {"x-goog-hash": f"crc32c={body['crc32c']},md5={body['md5Hash']}"}
        return 200, body, {}

    def _refuse_kept(self, body: Body) -> None:
        if body.get("temporaryHold") or body.get("eventBasedHold"):
            raise Answer(403, "objectUnderActiveHold", f"Object {body['name']} is under active hold")
        if body.get("retentionExpirationTime", "") > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()):
            raise Answer(403, "retentionPolicyNotMet", f"Object {body['name']} is subject to retention")

    def _supersede(self, name: str) -> None:
        """Keep the current version of an object as a noncurrent one, where the bucket has versioning."""
        if name in self.objects and self.bucket.get("versioning", {}).get("enabled"):
            body = self.objects[name]
            gone = {**body, "timeDeleted": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())}
            self.older[name, body["generation"]] = gone, self.contents[name]

    def _store(self, name: str, content: bytes, request: Request) -> Body:
        before = self.objects.get(name)
        wanted = request.query.get("ifGenerationMatch")
        if wanted is not None and wanted != (before["generation"] if before else "0"):
            raise Answer(
                412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold."
            )
        if before is not None:
            self._refuse_kept(before)
            self._supersede(name)
        return self.store(name, content)

    def store(self, name: str, content: bytes) -> Body:
        """Put an object, as somebody else would."""
        checksum: Any = google_crc32c.Checksum(content)  # type: ignore[no-untyped-call]
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        self.contents[name] = content
        self.objects[name] = {
            "name": name,
            "bucket": "b",
            "size": str(len(content)),
            "generation": str(next(self.numbers)),
            "updated": now,
            "timeCreated": now,
            "crc32c": base64.b64encode(checksum.digest()).decode(),
            "md5Hash": base64.b64encode(hashlib.md5(content).digest()).decode(),
        }
        return self.objects[name]
