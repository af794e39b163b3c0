"""Signs requests to AWS: Signature Version 4.

Invariant: neither the secret nor anything made of it alone is part of the headers.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    access_key: str
    secret_key: str
    session_token: str
    region: str


def signed(  # noqa: PLR0917 - what a request is made of
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes,
    service: str,
    credentials: Credentials,
    now: datetime,
) -> dict[str, str]:
    """The headers with those that sign the request. The URL has no query; ``now`` is in UTC."""
    parts = urlsplit(url)
    moment, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    every = {**{name.lower(): value for name, value in headers.items()}, "host": parts.netloc, "x-amz-date": moment}
    if credentials.session_token:
        every["x-amz-security-token"] = credentials.session_token
    names = ";".join(sorted(every))
    lines = "".join(f"{name}:{' '.join(every[name].split())}\n" for name in sorted(every))
    request = "\n".join(
        [method, quote(parts.path or "/", safe="/-_.~"), "", lines, names, hashlib.sha256(content).hexdigest()]
    )
    scope = f"{day}/{credentials.region}/{service}/aws4_request"
    text = "\n".join([_ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (day, credentials.region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"{credentials.access_key}/{scope}"
    every["authorization"] = f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return every
