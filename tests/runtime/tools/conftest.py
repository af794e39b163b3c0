"""Servers on loopback whose answers are data, names that the resolver is made to know, and files of many kinds."""

import base64
import contextlib
import email
import email.policy
import gzip
import json
import socketserver
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme
from llmspell_kernel.runtime.network import connection


class WebServer:
    """Answers by `routes` (path → answer): `status`, `headers`, `body` or `json`, `gzip`, `repeat` (how often the body
    is sent), `silent` (no answer at all), `hangs` (sends nothing more, and leaves the connection open), `cut` (closes
    it before the body's end), `then` (the answer to the second and every later request). `received` is what was asked,
    in order.
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
                except (ConnectionError, TimeoutError, ssl.SSLError):
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

    def secure(self, context):
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

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
        if route.get("silent"):
            self.over.wait(60)
            request.close_connection = True
            return
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


def _databases(folder):
    import sqlite3

    with contextlib.closing(sqlite3.connect(folder / "a.db")) as connection, connection:
        connection.execute("CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT NOT NULL, cover BLOB)")
        connection.execute("CREATE VIEW titles AS SELECT title FROM book")
        connection.executemany("INSERT INTO book (title, cover) VALUES (?, ?)", [("one", b"\0\1"), ("two", None)])


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
    return {"databases": _databases, "pdf": _pdfs, "images": _images, "sounds": _sounds, "videos": _videos}


class MailServer:
    """Takes letters by SMTP. `options`: `user` and `password` that it wants, `refuses` (recipients), `tls` ("starttls"
    or "tls", with a certificate for mail.test), `hangs`. `letters` is what it was given."""

    def __init__(self, options, certificate):
        self.options, self.letters, self.over = options, [], threading.Event()
        self.asked = threading.Semaphore(0)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if certificate is not None:
            certificate.configure_cert(self._context)
        mail_server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    mail_server._serve(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self):
        return self._server.server_address[1]

    def close(self):
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _secure(self, handler):
        handler.request = self._context.wrap_socket(handler.request, server_side=True)
        handler.rfile, handler.wfile = handler.request.makefile("rb"), handler.request.makefile("wb", 0)

    def _serve(self, handler):
        options, letter = self.options, {"to": []}
        self.asked.release()
        if options.get("hangs"):
            self.over.wait(60)
            return
        if options.get("tls") == "tls":
            self._secure(handler)

        def say(text):
            handler.wfile.write(text.encode() + b"\r\n")

        say("220 mail.test")
        while line := handler.rfile.readline().decode().strip():
            word, _, rest = line.partition(" ")
            match word.upper():
                case "EHLO":
                    offers = ["mail.test", *(["STARTTLS"] if options.get("tls") == "starttls" else [])]
                    offers += ["AUTH PLAIN"] if "user" in options else []
                    for one in offers[:-1]:
                        say(f"250-{one}")
                    say(f"250 {offers[-1]}")
                case "STARTTLS":
                    say("220 go on")
                    self._secure(handler)
                    letter["tls"] = True
                case "AUTH":
                    given = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")[1:]
                    is_right = given == [options["user"], options["password"]]
                    letter["user"] = given[0]
                    say("235 welcome" if is_right else "535 wrong password")
                case "MAIL":
                    letter["from"] = rest.partition(":")[2].partition(">")[0].strip("<")
                    say("250 fine")
                case "RCPT":
                    address = rest.partition(":")[2].strip("<>")
                    letter["to"].append(address)
                    say("550 no such mailbox" if address in options.get("refuses", ()) else "250 fine")
                case "DATA":
                    say("354 go on")
                    lines = list(iter(handler.rfile.readline, b".\r\n"))
                    message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                    letter |= {name: str(message[name.title()]) for name in ("subject", "to", "from")}
                    letter |= {"type": message.get_content_type(), "body": message.get_content().replace("\r\n", "\n")}
                    self.letters.append(letter)
                    say("250 taken")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 fine")


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
def mail_server(authority):
    """Makes a mail server, by its options."""
    servers = []

    def make(options):
        servers.append(MailServer(options, authority.issue_cert("mail.test")))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def trusted(authority, tmp_path_factory, monkeypatch):
    """The authority's certificates are trusted by what starts now."""
    path = tmp_path_factory.mktemp("authority") / "authority.pem"
    authority.cert_pem.write_to_path(path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
