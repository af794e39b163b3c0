"""The global Display: what front-ends get, what `llmspell run` writes, and how values show themselves."""

import base64
import json
import threading
from pathlib import Path

import pytest
from llmspell_analysis.catalogue import load_catalogue
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.globals import display as display_module
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime

PNG = "\\x89PNG\\r\\n\\x1a\\nrest"
PNG_BYTES = b"\x89PNG\r\n\x1a\nrest"
SVG = '<?xml version="1.0"?>\n<!-- drawn --><svg xmlns="http://www.w3.org/2000/svg"><title>A &amp; B</title></svg>'


class FrontEnd:
    """A runtime whose messages are kept."""

    def __init__(self, root: Path, home: Path) -> None:
        self.messages: list[tuple[str, dict]] = []
        self.arrived = threading.Condition()
        self.written: list[bytes] = []
        context = HostContext(root, home, Configuration(), publish=self._publish)
        self.runtime = Runtime(Host(context), lambda _name, data: self.written.append(data), lambda _code: None)

    def _publish(self, msg_type, content):
        with self.arrived:
            self.messages.append((msg_type, json.loads(json.dumps(content, allow_nan=False))))
            self.arrived.notify_all()

    def run(self, code):
        """What the code has sent, in order. Fails when it raises."""
        self.messages.clear()
        outcome = self.runtime.execute(code)
        assert outcome.error is None, outcome.error
        return list(self.messages)

    def data(self, code):
        """Data of the one display that the code makes."""
        ((msg_type, content),) = self.run(code)
        assert msg_type == "display_data"
        return content["data"]

    def error(self, code):
        outcome = self.runtime.execute(code)
        assert outcome.error is not None, "the code did not raise"
        return outcome.error.message


@pytest.fixture(scope="module")
def front_end(tmp_path_factory):
    folder = tmp_path_factory.mktemp("display")
    (folder / "project").mkdir()
    return FrontEnd(folder / "project", folder / "home")


@pytest.mark.parametrize(
    ("call", "data"),
    [
        ("html('<b>a</b> &amp; b')", {"text/html": "<b>a</b> &amp; b", "text/plain": "a & b"}),
        ("html('<b>a</b>', {text = 'other'})", {"text/html": "<b>a</b>", "text/plain": "other"}),
        ("markdown('# a')", {"text/markdown": "# a", "text/plain": "# a"}),
        ("latex('$a$')", {"text/latex": "$a$", "text/plain": "$a$"}),
        ("text('a')", {"text/plain": "a"}),
        ("text(1.5)", {"text/plain": "1.5"}),
        ("svg('<svg></svg>')", {"image/svg+xml": "<svg></svg>", "text/plain": "[svg image, 11 characters]"}),
        ("svg('<svg><title>a</title></svg>')", {"image/svg+xml": "<svg><title>a</title></svg>", "text/plain": "a"}),
        (
            "json({a = {1, 0/0}})",
            {"application/json": {"a": [1, None]}, "text/plain": '{\n  "a": [\n    1,\n    null\n  ]\n}'},
        ),
        ("json(nil)", {"application/json": None, "text/plain": "null"}),
        ("text('a\\xffb')", {"text/plain": "a\ufffdb"}),
    ],
)
def test_a_function_shows_a_bundle(front_end, call, data):
    assert front_end.data(f"Display.{call}") == data


def test_a_display_has_an_id_of_its_own_or_the_one_that_is_given(front_end):
    messages = front_end.run("Display.text('a') Display.text('b') Display.text('c', {id = 'mine'})")
    first, second, third = (content["transient"]["display_id"] for _, content in messages)
    assert first != second
    assert third == "mine"


def test_a_handle_shows_something_else_in_the_same_place(front_end):
    messages = front_end.run(
        "local shown = Display.html('<i>a</i>', {id = 'x'}) shown:update('<i>b</i>', {text = 'c'})"
    )
    assert [msg_type for msg_type, _ in messages] == ["display_data", "update_display_data"]
    assert messages[1][1] == {
        "data": {"text/html": "<i>b</i>", "text/plain": "c"},
        "metadata": {},
        "transient": {"display_id": "x"},
    }


def test_a_handle_knows_its_id(front_end):
    ((_, content),) = front_end.run("shown = Display.text('a')")
    assert front_end.runtime.execute("shown:id()").shown == f'"{content["transient"]["display_id"]}"'


def test_a_handle_has_the_methods_of_the_catalogue(front_end):
    front_end.run("shown = Display.text('a')")
    for name in CATALOGUE.classes["DisplayHandle"].members:
        assert front_end.runtime.execute(f"type(shown.{name})").shown == '"function"'


CATALOGUE = load_catalogue()
EXAMPLES = {
    entry.qualified_name: entry.description.split("```lua\n")[1].partition("```")[0]
    for name in ("Display", "Comm")
    for entry in (CATALOGUE.globals[name], *CATALOGUE.globals[name].members.values())
    if "```lua" in entry.description
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_catalogue_run(front_end, name, monkeypatch):
    root = front_end.runtime.host.context.project_root
    (root / "plots").mkdir(exist_ok=True)
    (root / "plots" / "sales.png").write_bytes(PNG_BYTES)
    monkeypatch.chdir(root)
    front_end.run(EXAMPLES[name])


@pytest.mark.parametrize("code", ["Display.text('a')", "return Display.text('a')", "Display.progress()"])
def test_a_handle_is_not_shown_as_a_value(front_end, code):
    assert front_end.runtime.execute(code).shown == ""


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("Display.html()", "bad argument #1 to 'Display.html' (string expected, got no value)"),
        ("Display.json()", "bad argument #1 to 'Display.json' (value expected, got no value)"),
        ("Display.json(print)", "bad argument #1 to 'Display.json' (a function cannot be passed)"),
        ("Display.html('a', 'b')", "bad argument #2 to 'Display.html' (table expected, got string)"),
        ("Display.html('a', {ide = 'b'})", "Display.html: there is no option 'ide'; known: id, text"),
        ("Display.html('a', {id = 1})", "Display.html: option 'id': expected a string, got a number"),
        ("Display.html('a', {id = ''})", "Display.html: option 'id': expected 1 to 256 bytes, got 0"),
        ("Display.image('x', {width = -1})", "Display.image: option 'width': expected a number of 0 or more, got -1"),
        ("Display.table(1)", "bad argument #1 to 'Display.table' (table expected, got number)"),
        ("Display.table({1})", "Display.table: row 1: expected a table, got a number"),
        ("Display.table({}, {columns = {{}}})", "Display.table: option 'columns': expected strings, got a table"),
        ("Display.clear(true)", "bad argument #1 to 'Display.clear' (table expected, got boolean)"),
        (
            "Display.text('a').update('b')",
            "'update' of what Display gave needs a colon: handle:update(…), not handle.update(…)",
        ),
        ("Display.text('a'):update({})", "bad argument #1 to 'update' (string expected, got table)"),
        ("Display.text('a'):update('b', {id = 'c'})", "update: option 'id': a display keeps its id"),
        (
            "Display.data({})",
            'Display.data: expected a table of data by MIME type, as in {["text/html"] = "<b>bold</b>"}',
        ),
        ("Display.data({html = 'a'})", "Display.data: 'html' is no MIME type (such as text/html or image/png)"),
        ("Display.data({['text/html'] = {}})", "Display.data: text/html: expected a string, got a table"),
        ("Display.data({['text/html'] = 'a'}, {1})", "Display.data: metadata: expected a table by MIME type"),
        ("Display.progress({total = -1})", "Display.progress: option 'total': expected a number of 0 or more, got -1"),
        ("Display.progress():update()", "bad argument #1 to 'update' (number of 0 or more expected, got no value)"),
        ("Display.progress():advance(-1)", "bad argument #1 to 'advance' (number of 0 or more expected, got number)"),
        ("Display.progress().close()", "'close' of a progress needs a colon: progress:close(…), not progress.close(…)"),
    ],
)
def test_a_mistake_is_an_error_at_the_scripts_line(front_end, call, message):
    assert front_end.error(f"\n{call}") == f"cell:2: {message}"


def test_more_than_a_message_may_hold_is_refused(front_end):
    message = front_end.error("Display.text(('x'):rep(17 * 1024 * 1024))")
    assert message.startswith("cell:1: Display.text: the content takes 17825")
    assert "more than the limit of 16777216" in message


def test_control_characters_count_as_they_are_written(front_end):
    assert "the content takes" in front_end.error("Display.text(('\\1'):rep(4 * 1024 * 1024))")


def test_clear_removes_what_was_shown(front_end):
    messages = front_end.run("Display.clear() Display.clear({wait = true})")
    assert messages == [("clear_output", {"wait": False}), ("clear_output", {"wait": True})]


# Images -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "mime_type"),
    [
        ("\\x89PNG\\r\\n\\x1a\\n", "image/png"),
        ("\\xff\\xd8\\xff\\xe0", "image/jpeg"),
        ("GIF89a", "image/gif"),
        ("RIFF\\0\\0\\0\\0WEBP", "image/webp"),
    ],
)
def test_an_image_is_recognised_by_its_first_bytes(front_end, start, mime_type):
    data = front_end.data(f'Display.image("{start}\\xff\\0")')
    raw = start.encode().decode("unicode_escape").encode("latin-1") + b"\xff\0"
    assert base64.b64decode(data[mime_type]) == raw
    assert data["text/plain"] == f"[{mime_type.partition('/')[2]} image, {len(raw)} bytes]"


def test_an_svg_image_is_text(front_end, lua):
    data = front_end.data(f"Display.image({lua(SVG)}, {{alt = 'drawing'}})")
    assert data == {"image/svg+xml": SVG, "text/plain": "drawing"}


def test_an_image_is_shown_in_the_size_that_is_asked_for(front_end):
    ((_, content),) = front_end.run(f'Display.image("{PNG}", {{width = 20, height = 10, alt = "a"}})')
    assert content["metadata"] == {"image/png": {"width": 20, "height": 10, "alt": "a"}}


def test_an_image_is_read_from_a_file_of_the_project(front_end, lua):
    path = front_end.runtime.host.context.project_root / "dot.png"
    path.write_bytes(PNG_BYTES)
    data = front_end.data(f"Display.image({lua(str(path))})")
    assert base64.b64decode(data["image/png"]) == PNG_BYTES


def test_an_image_is_not_read_from_elsewhere(front_end, lua, outside):
    (outside / "dot.png").write_bytes(PNG_BYTES)
    message = front_end.error(f"Display.image({lua(str(outside / 'dot.png'))})")
    assert "Display.image: path '" in message
    assert "is outside the allowed folders" in message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("'/no/such'", "is outside the allowed folders"),
        (
            "'\\0\\1\\2'",
            "the string does not begin like an image (known: png, jpeg, gif, webp, svg); if it is one, say",
        ),
        ("'x', {format = 'bmp'}", "option 'format': 'bmp' is none of png, jpeg, gif, webp, svg"),
        (f'"{PNG}", {{format = "gif"}}', "option 'format': the string is png, not gif"),
    ],
)
def test_what_is_no_image_is_an_error(front_end, call, message):
    assert message in front_end.error(f"Display.image({call})")


def test_an_image_may_say_what_it_is(front_end):
    assert front_end.data("Display.image('\\0\\1', {format = 'jpg'})")["image/jpeg"] == "AAE="


# Tables -----------------------------------------------------------------------------------------------------------


def test_a_table_of_lists_has_the_heads_that_are_given(front_end):
    data = front_end.data(
        "Display.table({{'tea', 3}, {'coffee', 12}}, {columns = {'drink', 'price'}, caption = 'menu'})"
    )
    assert data["text/plain"].splitlines() == [
        "menu",
        "drink   price",
        "------  -----",
        "tea         3",
        "coffee     12",
    ]
    assert data["text/markdown"].splitlines()[2:4] == ["| drink | price |", "|:---|---:|"]
    assert '<td style="text-align: right">12</td>' in data["text/html"]
    assert "<caption>menu</caption>" in data["text/html"]


def test_a_table_of_records_has_their_fields_in_order(front_end):
    data = front_end.data("Display.table({{b = 1, a = true}, {c = 'x', b = 2.5}})")
    assert data["text/plain"].splitlines() == ["a       b  c", "----  ---  -", "true    1", "      2.5  x"]


def test_the_columns_of_records_can_be_chosen(front_end):
    data = front_end.data("Display.table({{b = 1, a = 2}}, {columns = {'b'}})")
    assert data["text/plain"].splitlines() == ["b", "-", "1"]


def test_a_table_without_heads_has_none(front_end):
    data = front_end.data("Display.table({{1, 'x'}, {2}})")
    assert data["text/plain"].splitlines() == ["1  x", "2"]
    assert "<th" not in data["text/html"]


def test_cells_are_data_and_no_markup(front_end):
    data = front_end.data("Display.table({{'<b>|*a*', 'x\\ny'}}, {columns = {'<i>', '\"'}, caption = '&'})")
    assert "<b>" not in data["text/html"]
    assert "<i>" not in data["text/html"]
    assert "&lt;b&gt;|*a*" in data["text/html"]
    assert "<caption>&amp;</caption>" in data["text/html"]
    assert "| &lt;b&gt;\\|\\*a\\* | x<br>y |" in data["text/markdown"]
    assert "x y" in data["text/plain"]


def test_a_cell_shows_what_has_no_text_of_its_own(front_end):
    code = "Display.table({{{1, a = 2}, setmetatable({}, {__tostring = function() return 'own' end}), print, false}})"
    cells = front_end.data(code)["text/plain"].split("  ")
    assert cells[:2] == ["[1]", "own"]
    assert cells[2].startswith(("function:", "builtin"))
    assert cells[3] == "false"


def test_a_long_table_says_how_many_rows_are_left_out(front_end):
    code = "local rows = {} for i = 1, 1000000 do rows[i] = {i} end Display.table(rows, {max_rows = 2})"
    data = front_end.data(code)
    assert data["text/plain"].splitlines() == ["1", "2", "… 999998 more rows"]
    assert "… 999998 more rows" in data["text/html"]
    assert "… 999998 more rows" in data["text/markdown"]


def test_a_table_shows_a_hundred_rows_by_itself(front_end):
    code = "local rows = {} for i = 1, 101 do rows[i] = {i} end Display.table(rows)"
    assert front_end.data(code)["text/plain"].endswith("100\n… 1 more row")


def test_wide_characters_are_aligned(front_end):
    data = front_end.data("Display.table({{'日本', 'a'}, {'x', 'b'}})")
    assert data["text/plain"].splitlines() == ["日本  a", "x     b"]


def test_an_empty_table_is_shown(front_end):
    assert front_end.data("Display.table({})")["text/plain"] == ""


# Bundles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "data"),
    [
        ("['text/plain'] = 'a', ['text/html'] = '<b>'", {"text/plain": "a", "text/html": "<b>"}),
        ("['text/html'] = '<p>a<p>b'", {"text/html": "<p>a<p>b", "text/plain": "a\nb"}),
        ("['image/png'] = '\\xff\\0'", {"image/png": "/wA=", "text/plain": "[image/png, 2 bytes]"}),
        ("['application/pdf'] = 'x'", {"application/pdf": "eA==", "text/plain": "[application/pdf, 1 bytes]"}),
        ("['application/json'] = {1}", {"application/json": [1], "text/plain": "[\n  1\n]"}),
        ("['application/geo+json'] = '[1]'", {"application/geo+json": [1], "text/plain": "[\n  1\n]"}),
        ("['image/svg+xml'] = '<svg/>'", {"image/svg+xml": "<svg/>", "text/plain": "[image/svg+xml]"}),
        ("['text/csv'] = 'a,b'", {"text/csv": "a,b", "text/plain": "a,b"}),
    ],
)
def test_data_is_sent_as_its_type_is(front_end, given, data):
    assert front_end.data(f"Display.data({{{given}}})") == data


def test_json_text_that_is_none_is_an_error(front_end):
    message = front_end.error("Display.data({['application/json'] = '{'})")
    assert message.startswith(
        "cell:1: Display.data: application/json: expected a table or JSON text; the text is no JSON"
    )


def test_data_may_have_metadata_and_an_id(front_end):
    ((_, content),) = front_end.run(
        "Display.data({['text/html'] = 'a'}, {['text/html'] = {isolated = true}}, {id = 'x'})"
    )
    assert content["metadata"] == {"text/html": {"isolated": True}}
    assert content["transient"] == {"display_id": "x"}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<table><tr><th>a<th>b</tr><tr><td>1<td>2</tr></table>", "a\tb\n1\t2"),
        ("<style>p {}</style><script>x()</script>a<br>b", "a\nb"),
        ("<img src='x' alt='plot'>", "plot"),
        ("<canvas></canvas>", "<canvas></canvas>"),
        ("a  \n  b", "a b"),
    ],
)
def test_html_reads_as_text(front_end, lua, source, text):
    assert front_end.data(f"Display.html({lua(source)})")["text/plain"] == text


# Progress ---------------------------------------------------------------------------------------------------------


def test_a_progress_is_shown_and_updated_under_one_id(front_end):
    messages = front_end.run(
        "local p = Display.progress({total = 4, label = '<a>', id = 'p'}) p:update(1) p:close('done')"
    )
    assert messages[0] == (
        "display_data",
        {
            "data": {
                "text/html": '<div>&lt;a&gt; <progress value="0" max="4"></progress>   0% (0/4)</div>',
                "text/plain": f"<a> [{'.' * 30}]   0% (0/4)",
            },
            "metadata": {},
            "transient": {"display_id": "p"},
        },
    )
    msg_type, content = messages[-1]
    assert msg_type == "update_display_data"
    assert content["transient"] == {"display_id": "p"}
    assert content["data"]["text/plain"] == f"done [{'#' * 7}{'.' * 23}]  25% (1/4)"


def test_states_that_come_fast_are_left_out_and_the_last_is_sent(front_end, monkeypatch):
    monkeypatch.setattr(display_module, "PROGRESS_SECONDS", 3600)
    messages = front_end.run("local p = Display.progress({total = 1000}) for i = 1, 1000 do p:advance() end")
    assert [msg_type for msg_type, _ in messages] == ["display_data", "update_display_data"]
    assert messages[-1][1]["data"]["text/plain"] == f"[{'#' * 30}] 100% (1000/1000)"


def test_a_state_is_sent_while_the_script_does_something_else(front_end, monkeypatch):
    monkeypatch.setattr(display_module, "PROGRESS_SECONDS", 0.05)
    arrived = threading.Event()

    def wait(_host):
        with front_end.arrived:
            if front_end.arrived.wait_for(lambda: any("(2/9)" in str(one) for one in front_end.messages), 15):
                arrived.set()

    front_end.runtime.host.register("Display.wait_for_test", wait)
    front_end.runtime.library.globals.wait_for_test = front_end.runtime._host_from_lua
    front_end.run(
        "local p = Display.progress({total = 9}) p:advance() p:advance() wait_for_test('Display.wait_for_test')"
    )
    front_end.run("wait_for_test = nil")
    assert arrived.is_set()


def test_a_progress_goes_on_in_the_next_cell(front_end, monkeypatch):
    monkeypatch.setattr(display_module, "PROGRESS_SECONDS", 3600)
    front_end.run("p = Display.progress({total = 2}) p:advance()")
    ((msg_type, content),) = front_end.run("p:advance()")
    assert msg_type == "update_display_data"
    assert "(2/2)" in content["data"]["text/plain"]


def test_a_progress_without_a_total_counts(front_end):
    messages = front_end.run("local p = Display.progress() p:update(7.5) p:close()")
    assert messages[0][1]["data"]["text/html"] == "<div><progress></progress> (0)</div>"
    assert messages[-1][1]["data"]["text/html"] == '<div><progress value="1" max="1"></progress> (7.5)</div>'


def test_a_progress_of_nothing_is_whole(front_end):
    ((_, content),) = front_end.run("Display.progress({total = 0})")
    assert content["data"]["text/plain"].endswith("100% (0/0)")


def test_a_progress_closes_with_its_block(front_end):
    messages = front_end.run("do local p <close> = Display.progress({label = 'a'}) p:update(1) end")
    assert "(1)" in messages[-1][1]["data"]["text/plain"]
    assert messages[-1][1]["data"]["text/html"].startswith('<div>a <progress value="1"')


def test_a_closed_progress_is_closed_once_and_for_all(front_end):
    assert len(front_end.run("p = Display.progress() p:close() p:close()")) == 2
    assert front_end.error("p:advance()") == "cell:1: 'advance': the progress is closed"


# Without a front-end ----------------------------------------------------------------------------------------------


def test_without_a_front_end_the_text_is_written(script):
    code = """
        print("before")
        local shown = Display.html("<b>bold</b>")
        shown:update("<b>bolder</b>")
        Display.clear()
        Display.table({{a = 1}})
    """
    assert script.run(code).splitlines() == ["before", "bold", "bolder", "a", "-", "1"]


def test_without_a_front_end_a_progress_is_its_last_line(script):
    code = "local p = Display.progress({total = 2, label = 'load'}) p:update(1) p:advance() p:close()"
    assert script.run(code) == f"load [{'#' * 30}] 100% (2/2)"


# Values that show themselves --------------------------------------------------------------------------------------

SHOWING = "setmetatable({}, {__mimebundle = function(self) return {['text/html'] = '<b>a</b>'}, {x = {y = 1}} end})"


@pytest.mark.parametrize("code", [SHOWING, f"return {SHOWING}", f"local value = {SHOWING} return value"])
def test_a_value_shows_itself(front_end, code):
    outcome = front_end.runtime.execute(code)
    assert outcome.bundle == {"text/html": "<b>a</b>", "text/plain": "{}"}
    assert outcome.bundle_metadata == {"x": {"y": 1}}
    assert outcome.shown == "{}"


def test_the_text_of_a_value_is_its_own(front_end):
    code = """
        return setmetatable({}, {
          __mimebundle = function() return {["image/png"] = "\\xff"} end, __tostring = function() return "own" end,
        })
    """
    outcome = front_end.runtime.execute(code)
    assert outcome.bundle == {"image/png": "/w==", "text/plain": "own"}
    assert outcome.shown == "own"


def test_the_text_may_be_part_of_the_bundle(front_end):
    code = "return setmetatable({}, {__mimebundle = function() return {['text/plain'] = 'given'} end})"
    assert front_end.runtime.execute(code).shown == "given"


def test_a_value_that_gives_no_bundle_is_shown_as_any_other(front_end):
    outcome = front_end.runtime.execute("setmetatable({a = 1}, {__mimebundle = function() end})")
    assert outcome.bundle is None
    assert outcome.shown == "{ a = 1 }"


def test_of_several_values_each_is_text(front_end):
    outcome = front_end.runtime.execute(f"1, {SHOWING}")
    assert outcome.bundle is None
    assert outcome.shown == "1\t{}"


def test_a_hidden_metatable_does_not_hide_the_bundle(front_end):
    code = "setmetatable({}, {__metatable = false, __mimebundle = function() return {['text/html'] = 'a'} end})"
    assert front_end.runtime.execute(code).bundle["text/html"] == "a"


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("function() error('no', 0) end", "no"),
        ("function() return 'x' end", "__mimebundle: expected a table of data by MIME type"),
        ("function() return {html = 'x'} end", "__mimebundle: 'html' is no MIME type"),
        ("function() return {['text/html'] = print} end", "a function cannot be passed"),
        ("function() return {['text/html'] = ('x'):rep(17 << 20)} end", "more than the limit of 16777216"),
        ("1", "attempt to call a number value"),
    ],
)
def test_a_fault_of_a_bundle_is_the_scripts_error(front_end, made, message):
    assert message in front_end.error(f"setmetatable({{}}, {{__mimebundle = {made}}})")


def test_an_interrupt_ends_a_bundle_that_takes_for_ever(front_end):
    runtime = front_end.runtime
    front_end.run("value = setmetatable({}, {__mimebundle = function() Display.text('started') while true do end end})")

    def interrupt():
        with front_end.arrived:
            assert front_end.arrived.wait_for(lambda: front_end.messages, 15)
        runtime.async_hook.request("interrupt")

    front_end.messages.clear()
    thread = threading.Thread(target=interrupt)
    thread.start()
    outcome = runtime.execute("value")
    thread.join()
    assert outcome.error is not None
    assert outcome.error.kind == "interrupted"
