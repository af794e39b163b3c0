"""The tool `web-scraper`: a page's text, links, images, metadata, and what CSS selectors find."""

from ..values import Value
from .output import ToolError, ToolOutput, envelope
from .page import Page, fetch_page
from .registry import Parameters, ToolContext
from .web_request import http_of, seconds_of


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    if parameters["wait_for_js"]:
        raise ToolError(
            "parameter 'wait_for_js': pages are read without a browser, so their JavaScript does not run; leave it "
            "out, or ask for the data that the page itself loads",
            "unsupported",
        )
    selectors = _selectors(parameters)
    with http_of("web-scraper", context) as http:
        answer = fetch_page(http, parameters["input"], seconds_of(parameters["timeout"]))
    context.cancellation.check()
    page = Page(answer.text(), answer.url)
    content: dict[str, Value] = {"title": page.title(), "text": page.text()}
    if parameters["extract_links"]:
        content["links"] = page.links()
    if parameters["extract_images"]:
        content["images"] = page.images()
    if parameters["extract_meta"]:
        content["metadata"] = page.metadata()
    if selectors:
        content["selected_content"] = {
            key: list[Value](page.texts(selector, name)) for key, (selector, name) in selectors.items()
        }
    return envelope("scrape", {"url": answer.url, "content": content})


def _selectors(parameters: Parameters) -> dict[str, tuple[str, str]]:
    """Selectors by the key of their answer, each with the name of its parameter."""
    found = {}
    if "selector" in parameters:
        found["selector"] = parameters["selector"], "selector"
    for key, selector in parameters.get("selectors", {}).items():
        if not isinstance(selector, str):
            raise ToolError(f"parameter 'selectors.{key[:60]}': expected string", "invalid_parameters")
        found[key] = selector, f"selectors.{key[:60]}"
    return found
