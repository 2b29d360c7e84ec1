"""Requests that no client should send, and the statuses that they may get. `closed` is an end without an answer."""

import struct
import zlib

from .pictures import chunk, png

NAMES = []


def post(address, body, headers="", path="/api/translate", length=None):
    head = f"POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {len(body) if length is None else length}\r\n\r\n"
    return head.encode() + body


def resized(photo, width, height):
    """The PNG with another size in its header."""
    data = photo[16:].replace(photo[16:24], struct.pack(">II", width, height), 1)
    data = data[:13] + struct.pack(">I", zlib.crc32(b"IHDR" + data[:13])) + data[17:]
    return photo[:16] + data


def pictures(photo):
    """Files: bombs, polyglots, and what is no picture."""
    small = png(16, 16)
    gibibyte = zlib.compressobj(9)
    zeros = b"".join(gibibyte.compress(bytes(1 << 20)) for _ in range(1024)) + gibibyte.flush()
    gif = b"GIF89a" + struct.pack("<HH", 64, 64) + b"\x80\0\0\0\0\0\xff\xff\xff"
    frame = b"!\xf9\4\0\0\0\0\0" + b"," + struct.pack("<HHHHB", 0, 0, 64, 64, 0) + b"\2\2\x44\1\0"
    jpeg_size = photo.index(b"\xff\xc0") + 5 if b"\xff\xc0" in photo else photo.index(b"\xff\xc2") + 5
    refused = {400, 413, 415, 422}
    yield "PNG of 30000x30000 pixels in its header", refused, resized(small, 30000, 30000)
    yield "PNG of 2^31-1 pixels a side", refused, resized(small, 2**31 - 1, 2**31 - 1)
    yield "PNG whose rows are not there", refused, resized(small, 1700, 1700)
    yield "PNG with a colour profile that grows to a gibibyte", refused | {200}, png(64, 64, chunk(b"iCCP", b"x\0\0" + zeros))
    yield "PNG with a text that grows to a gibibyte", refused | {200}, png(64, 64, chunk(b"zTXt", b"x\0\0" + zeros))
    yield "PNG of zeros, 1700x1700", refused | {200}, png(1700, 1700)
    yield "PNG of zeros, 8000x8000", {413}, png(8000, 8000)
    yield "GIF of 65535x65535 pixels", refused, b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\x80\0\0" + gif[13:] + frame + b";"
    yield "GIF of 100,000 frames", refused | {200}, gif + frame * 100_000 + b";"
    yield "JPEG of 65535x65535 pixels", refused, photo[:jpeg_size] + b"\xff\xff\xff\xff" + photo[jpeg_size + 4:]
    yield "JPEG with a page behind it", {200}, photo + b"<html><script>alert(1)</script></html>"
    yield "JPEG with a ZIP behind it", {200}, photo + b"PK\3\4" + bytes(1000) + b"PK\5\6" + bytes(18)
    yield "GIF that is a script", refused, b"GIF89a=1;alert(1)//" + bytes(100)
    yield "SVG with a script", refused, b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    yield "PDF before a JPEG", refused, b"%PDF-1.7\n" + photo
    yield "0 bytes", refused, b""
    yield "1 byte", refused, b"\xff"
    yield "half a JPEG", refused, photo[: len(photo) // 2]


def forms(photo):
    """Forms that are none, with their Content-Type."""
    part = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="../../../etc/passwd"\r\n\r\n' + photo
    kind = "Content-Type: multipart/form-data; boundary=x\r\n"
    wrong = {400}
    yield "a form whose file is named as a path", {200}, kind, part + b"\r\n--x--\r\n"
    yield "a form without an end", wrong, kind, part
    yield "a form without a boundary", wrong, "Content-Type: multipart/form-data\r\n", part
    yield "a form with another boundary", wrong, "Content-Type: multipart/form-data; boundary=y\r\n", part + b"\r\n--x--\r\n"
    yield "a form with a boundary of 10,000 letters", wrong, f"Content-Type: multipart/form-data; boundary={'x' * 10_000}\r\n", part
    yield "a form of 10,000 parts", wrong, kind, b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\na\r\n' * 10_000 + b"--x--\r\n"
    yield "a form with a header of a mebibyte", wrong, kind, b"--x\r\nContent-Disposition: " + b"a" * (1 << 20) + b"\r\n\r\n\r\n--x--\r\n"
    yield "a form with a field of a mebibyte", wrong, kind, b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n' + b"a" * (1 << 20) + b"\r\n--x--\r\n"
    yield "a form in a form", wrong, kind, b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" + part + b"\r\n--x--\r\n--x--\r\n"
    yield "a form of nothing", wrong, kind, b""
    yield "a boundary with odd bytes", {400, 415}, "Content-Type: multipart/form-data; boundary=\"\xff\r\n", part


def requests(address, photo):
    """Names, statuses, and what is sent."""
    NAMES.clear()
    for case in every(address, photo):
        NAMES.append(case[0])
        yield case


def every(address, photo):
    for name, expected, body in pictures(photo):
        yield name, expected, [post(address, body)]
    for name, expected, headers, body in forms(photo):
        yield name, expected, [post(address, body, headers)]
    for path in ("/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/api/datasets/..%2f..%2fetc", "/api/datasets/%2e%2e", "//etc/passwd",
                 "/api/datasets/people/..%2f..%2fface.txt/original", "/api/runs/..%2f..%2fface.txt/run.toml", "/api/runs/00001-a/samples/..%2frun.toml",
                 "/api/jobs/..%2f..%2fetc%2fpasswd", "/api/datasets/people%00/coverage"):
        yield f"GET {path}", {404}, [f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()]
    mebibyte = bytes(1 << 20)
    yield "100 MB, announced", {413}, [post(address, b"", length=100 << 20)] + [mebibyte] * 100
    head = f"POST /api/translate HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield "100 MB, in pieces", {413}, [head.encode()] + [b"100000\r\n" + mebibyte + b"\r\n"] * 100 + [b"0\r\n\r\n"]
    yield "2^63 bytes, announced", {400, 413}, [post(address, photo, length=2**63), None]
    yield "half a body, then the end", {400, "closed"}, [post(address, photo[:1000], length=len(photo)), None]
    yield "half a header, then the end", {400, "closed"}, [b"POST /api/translate HTTP/1.1\r\nHost: ", None]
    yield "a header of a mebibyte", {400, 431, "closed"}, [f"GET / HTTP/1.1\r\nHost: {address}\r\nX: ".encode() + b"a" * (1 << 20)]
    yield "a thousand headers", {400, 431, "closed"}, [f"GET / HTTP/1.1\r\nHost: {address}\r\n".encode() + b"a: b\r\n" * 1000 + b"\r\n"]
    yield "TLS", {400, "closed"}, [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), None]
    yield "another host", {403}, [f"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode()]
    yield "two hosts", {400, 403}, [f"GET / HTTP/1.1\r\nHost: {address}\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode()]
    yield "another page's request", {403}, [post(address, photo, "Origin: http://evil.example\r\n")]
    yield "two lengths", {400, "closed"}, [post(address, photo, "Content-Length: 5\r\n"), None]
    yield "length and pieces", {400, 415, "closed"}, [post(address, b"0\r\n\r\n", "Transfer-Encoding: chunked\r\n"), None]
