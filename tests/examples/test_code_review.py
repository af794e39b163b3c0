"""The code-review assistant: what it asks about, what it reports and keeps, and what it says of wrong arguments."""

import json

import pytest

REPORT = """\
# Review of project

- **critical** `vouchers.lua:8`: Codes from math.random can be guessed, and each of them is worth money.
  - Use Utils.uuid.
- **high** `cart.lua:9`: A missing price makes this an arithmetic on nil.
  - Check item.price before it is used.
- **low** `cart.lua:14`: The name `x` says nothing.
  - Call it `discount`.
"""


@pytest.fixture
def review(application):
    return application("11_code_review")


def last_line(done):
    return done.stdout.splitlines()[-1]


def test_a_folder_is_reviewed_the_worst_first(review):
    run, _ = review
    done = run("project")
    assert done.returncode == 1
    assert done.stdout.startswith(REPORT)
    assert last_line(done) == "parts: 3, asked about now: 3, failed: 0"


def test_what_has_not_changed_is_not_asked_about_again(review):
    run, folder = review
    run("project")
    assert last_line(run("project")) == "parts: 3, asked about now: 0, failed: 0"
    with (folder / "project" / "greeting.lua").open("a") as file:
        file.write("\n-- more\n")
    again = run("project")
    assert again.stdout.startswith(REPORT)
    assert last_line(again) == "parts: 3, asked about now: 1, failed: 0"
    assert last_line(run("project", "--again")) == "parts: 3, asked about now: 3, failed: 0"


def test_the_report_goes_to_a_file(review):
    run, folder = review
    done = run("project", "--out", "review.md")
    assert done.stdout.splitlines()[0] == "written: review.md"
    assert (folder / "review.md").read_text() == REPORT


def test_only_findings_that_are_severe_enough_are_told(review):
    run, _ = review
    told = run("project", "--least", "critical").stdout
    assert "vouchers.lua:8" in told
    assert "cart.lua" not in told


def test_the_hunks_of_a_diff_are_reviewed(review):
    run, _ = review
    done = run("changes/discount.diff", "--log", "info")
    assert "`project/cart.lua:9`" in done.stdout
    assert last_line(done) == "parts: 2, asked about now: 2, failed: 0"
    assert '"file": "project/greeting.lua", "findings": 0, "line": 5' in done.stderr


def test_a_clean_file_ends_with_0(review):
    run, _ = review
    done = run("project/greeting.lua")
    assert (done.returncode, done.stderr) == (0, "")
    assert "No findings." in done.stdout


def test_long_files_are_split(review):
    run, folder = review
    (folder / "long.lua").write_text("".join(f"local name_{number} = {number}\n" for number in range(200)))
    assert last_line(run("long.lua")) == "parts: 3, asked about now: 3, failed: 0"


def test_a_part_without_a_fitting_answer_is_told_and_asked_about_again(review):
    run, folder = review
    with (folder / "replies.toml").open("a") as file:
        file.write('\n[[replies]]\nmodel = "other"\npattern = "cart|vouchers"\ntext = \'{"findings": []}\'\n')
        file.write('\n[[replies]]\nmodel = "other"\ntext = \'{"findings": [{"line": 0}]}\'\n')
    done = run("project", "--model", "mock/other")
    assert done.returncode == 1
    assert "## Not reviewed" in done.stdout
    assert "- `greeting.lua:1`" in done.stdout
    assert last_line(done) == "parts: 3, asked about now: 3, failed: 1"
    assert last_line(run("project", "--model", "mock/other")) == "parts: 3, asked about now: 1, failed: 1"


def test_a_provider_that_is_none_is_told_for_each_part(review):
    run, _ = review
    done = run("project", "--model", "nosuch/model")
    assert done.returncode == 1
    assert done.stdout.count("unknown provider 'nosuch'") == 3


def test_findings_cannot_break_the_report(review):
    run, folder = review
    finding = {"line": 1, "severity": "low", "message": "<script>\n# Not a heading"}
    (folder / "replies.toml").write_text(
        f"[[replies]]\ntext = '''{json.dumps({'findings': [finding]})}'''\n", encoding="utf-8"
    )
    told = run("project/cart.lua").stdout
    assert "- **low** `cart.lua:1`: &lt;script&gt; # Not a heading\n" in told


WRONG = [
    ([], 2, "what is to be reviewed?"),
    (["project", "other"], 2, "'other' is too much"),
    (["project", "--least", "none"], 2, "--least: unknown severity 'none'"),
    (["project", "--jobs", "0"], 2, "--jobs: expected a whole number from 1 to 32, got '0'"),
    (["project", "--jobs", "many"], 2, "--jobs: expected a whole number from 1 to 32, got 'many'"),
    (["project", "--again", "now"], 2, "--again takes no value"),
    (["project", "--deep"], 2, "unknown option '--deep'"),
    (["project", "--log", "loud"], 2, "--log: unknown level 'loud'"),
    (["nosuch"], 1, "'nosuch': no such file or folder"),
    (["/etc/passwd"], 1, "outside the allowed folders"),
    (["changes"], 1, "changes has nothing to review"),
]


@pytest.mark.parametrize(("arguments", "exit_code", "problem"), WRONG, ids=[problem for *_, problem in WRONG])
def test_wrong_arguments_are_told(review, arguments, exit_code, problem):
    run, _ = review
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (exit_code, "")
    assert done.stderr.startswith("review: ")
    assert problem in done.stderr.splitlines()[0]
    assert "traceback" not in done.stderr
