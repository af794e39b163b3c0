"""A web server on loopback whose answers are data, and names that the resolver is made to know."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from llmspell_kernel.runtime.network import connection


class WebServer:
    """Answers by `routes` (path → answer): `status`, `headers`, `body` or `json`, `gzip`, `repeat` (how often the body
    is sent), `hangs` (sends nothing more, and leaves the connection open), `cut` (closes it before the body's end),
    `then` (the answer to the second and every later request). `received` is what was asked, in order.
    """

    def __init__(self):
        self.routes = {}
        self.received = []
        self.over = threading.Event()
        self.asked = threading.Semaphore(0)
        self._lock = threading.Lock()
        web_server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (ConnectionError, TimeoutError):
                    self.close_connection = True

            def answer(self):
                web_server._answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_CONNECT = answer  # noqa: N815

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self):
        return self._server.server_address[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _answer(self, request):
        length = int(request.headers.get("content-length", 0))
        body = request.rfile.read(length).decode("utf-8", "surrogateescape")
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self._lock:
            path = request.path
            earlier = sum(one["path"] == path for one in self.received)
            self.received.append({"method": request.command, "path": path, "headers": headers, "body": body})
        self.asked.release()
        route = self.routes.get(path, self.routes.get(path.partition("?")[0], {"status": 404, "body": "not found"}))
        if earlier and "then" in route:
            route = route["then"]
        content = json.dumps(route["json"]) if "json" in route else route.get("body", "")
        data = content.replace("{url}", self.url).encode("utf-8", "surrogateescape") * route.get("repeat", 1)
        if route.get("gzip"):
            data = gzip.compress(data)
        request.send_response(route.get("status", 200))
        kind = "application/json" if "json" in route else "text/plain; charset=utf-8"
        for name, value in {"content-type": kind, **route.get("headers", {})}.items():
            request.send_header(name, value.replace("{url}", self.url).replace("{port}", str(self.port)))
        if route.get("gzip"):
            request.send_header("content-encoding", "gzip")
        extra = 10 if route.get("hangs") or route.get("cut") else 0
        request.send_header("content-length", str(len(data) + extra))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)
            request.wfile.flush()
        if route.get("hangs"):
            self.over.wait(60)
        if extra:
            request.close_connection = True


@pytest.fixture
def web_server():
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def names(monkeypatch):
    """A table of names for the resolver; each value is a list of addresses, or of lists: one for each time that it is
    asked, the last for ever."""
    known = {}

    def lookup(host, _port):
        addresses = known.get(host.lower())
        if addresses is None:
            raise OSError("name is not known")
        if addresses and isinstance(addresses[0], list):
            return addresses.pop(0) if len(addresses) > 1 else addresses[0]
        return addresses

    monkeypatch.setattr(connection, "lookup", lookup)
    return known


def _pdfs(folder):
    from pypdf import PdfReader, PdfWriter

    pages = ["first page", "second page"]
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [4 0 R 6 0 R] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        content = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    text, places = "%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(text))
        text += f"{number} 0 obj\n{one}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    text += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    text += f"startxref\n{text.index('xref')}\n%%EOF\n"
    plain = folder / "plain.pdf"
    plain.write_text(text)
    writer = PdfWriter(clone_from=PdfReader(plain))
    writer.add_metadata({"/Title": "Two pages", "/Author": "Somebody"})
    writer.write(folder / "two.pdf")
    writer.encrypt("password", algorithm="RC4-128")
    writer.write(folder / "locked.pdf")


def _images(folder):
    import struct
    import zlib

    from PIL import Image

    Image.new("RGBA", (40, 20), (255, 0, 0, 128)).save(folder / "a.png", dpi=(72, 72))
    photo = Image.new("RGB", (4, 4))
    facts = photo.getexif()
    facts[0x013B] = "Somebody"
    photo.save(folder / "a.jpg", exif=facts)
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:20])

    def piece(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 20_001 * 100)
    (folder / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", head) + piece(b"IDAT", pixels) + piece(b"IEND", b"")
    )


def _sounds(folder):
    import wave

    with wave.open(str(folder / "a.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 4000)
    (folder / "broken.mp3").write_bytes(b"ID3" + b"x" * 1000)


def _videos(folder):
    import av
    from PIL import Image

    with av.open(folder / "a.mp4", "w") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height = 640, 320
        for number in range(10):
            picture = Image.new("RGB", (640, 320), (number * 20, 0, 0))
            output.mux(stream.encode(av.VideoFrame.from_image(picture)))
        output.mux(stream.encode(None))
    (folder / "cut.mp4").write_bytes((folder / "a.mp4").read_bytes()[:100])


@pytest.fixture
def prepared():
    """Makes files of a kind that no text can say, by the name of the kind."""
    return {"pdf": _pdfs, "images": _images, "sounds": _sounds, "videos": _videos}
