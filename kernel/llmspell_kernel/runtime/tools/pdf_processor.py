"""The tool `pdf-processor`: text and facts of PDF files, read in a process of its own (pdf_work)."""

from ..values import Value
from .child_work import work
from .confinement import open_for_reading
from .media_files import checked_size
from .output import ToolError, ToolOutput, double_envelope
from .registry import Parameters, ToolContext

MAX_BYTES = 100 * 1024 * 1024


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path, operation = parameters["input"], parameters["operation"]
    start_page = parameters.get("start_page")
    if start_page is not None and start_page < 1:
        raise ToolError("parameter 'start_page': expected 1 or more", "invalid_parameters")
    with open_for_reading(path, context.allowed_roots) as file:
        size = checked_size(file, path, MAX_BYTES)
        request = {"operation": operation, "start_page": start_page or 1}
        answer = work("pdf_work", request, file, context)
    result: dict[str, Value]
    match operation:
        case "extract_metadata":
            result = {**answer, "file_path": path, "file_size": size}
        case "extract_pages":
            result = {"text": answer, "start_page": start_page, "file_path": path}
        case _:
            result = {"text": answer, "file_path": path, "length": len(answer)}
    return double_envelope("pdf_processor_execute", operation, result)
