"""The tool `webhook-caller`: sends a payload to a webhook, and again when it is not taken."""

from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext
from .web_request import MAX_ATTEMPTS, Retries, http_of, seconds_of, tried, with_body

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    url, method, again = parameters["input"], parameters["method"].upper(), parameters["max_retries"]
    if method not in METHODS:
        raise ToolError(f"parameter 'method': expected one of {', '.join(METHODS)}", "invalid_parameters")
    if not 0 <= again < MAX_ATTEMPTS:
        raise ToolError(f"parameter 'max_retries': expected 0 to {MAX_ATTEMPTS - 1}", "invalid_parameters")
    payload = parameters["payload"] if method != "GET" or parameters["payload"] else None
    headers, content = with_body(parameters.get("headers", {}), payload)
    timeout = seconds_of(parameters["timeout"])
    with http_of("webhook-caller", context) as http:
        answer, retry_count = tried(
            lambda: http.request(method, url, headers=headers, content=content, timeout=timeout),
            Retries(again + 1),
            context,
        )
    return envelope(
        "call",
        {
            "success": answer.is_success,
            "webhook_url": url,
            "status_code": answer.status,
            "status_text": answer.reason,
            "response": answer.value(),
            "response_time_ms": round(answer.seconds * 1000),
            "retry_count": retry_count,
        },
    )
