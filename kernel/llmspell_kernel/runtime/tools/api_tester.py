"""The tool `api-tester`: calls an API once and says what came back, and how fast."""

from .output import ToolOutput, envelope
from .registry import Parameters, ToolContext
from .web_request import http_of, seconds_of, with_body


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    method, url, timeout = parameters["method"], parameters["input"], parameters["timeout"]
    headers, content = with_body(parameters.get("headers", {}), parameters.get("body"))
    with http_of("api-tester", context) as http:
        answer = http.request(method, url, headers=headers, content=content, timeout=seconds_of(timeout))
    value = answer.value()
    return envelope(
        "test",
        {
            "request": {"method": method, "url": url, "timeout": timeout},
            "response": {
                "status_code": answer.status,
                "status_text": answer.reason,
                "is_success": answer.is_success,
                "headers": dict(answer.headers),
                "body": value,
                "body_is_json": answer.is_json and (not isinstance(value, str) or answer.body[:1] == b'"'),
            },
            "timing": {"duration_ms": round(answer.seconds * 1000), "duration_secs": answer.seconds},
        },
    )
