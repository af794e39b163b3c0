"""``llmspell.toml``: what its limits mean, and how a mistake in them is told."""

import pytest
from llmspell_kernel.runtime.configuration import (
    GIB,
    KIB,
    MIB,
    MIN_MEMORY,
    ConfigurationError,
    Limits,
    default_memory,
    load_configuration,
    seconds_text,
    size_text,
)


@pytest.fixture
def limits(tmp_path):
    """A function that reads the limits from the text of a ``[limits]`` table."""

    def read(text):
        (tmp_path / "llmspell.toml").write_text(f"[limits]\n{text}\n", encoding="utf-8")
        return load_configuration(tmp_path).limits

    return read


def test_without_a_file_the_limits_are_the_defaults(tmp_path):
    assert load_configuration(tmp_path).limits == Limits(default_memory(), 0, 0, 16 * MIB, 1024)


def test_default_memory_is_at_most_4_gib():
    assert MIN_MEMORY <= default_memory() <= 4 * GIB


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ('memory = "2 GiB"', "memory", 2 * GIB),
        ('memory = "512MiB"', "memory", 512 * MIB),
        ('memory = "1.5 GiB"', "memory", 1536 * MIB),
        ("memory = 67_108_864", "memory", 64 * MIB),
        ("cpu_time = 90", "cpu_time", 90),
        ("cpu_time = 0.5", "cpu_time", 0.5),
        ('cpu_time = "90 s"', "cpu_time", 90),
        ("cpu_time = 0", "cpu_time", 0),
        ('wall_time = "10 min"', "wall_time", 600),
        ('wall_time = "1.5 h"', "wall_time", 5400),
        ('wall_time = "250 ms"', "wall_time", 0.25),
        ('output_rate = "64 KiB"', "output_rate", 64 * KIB),
        ('output_rate = "1000 B"', "output_rate", 1000),
        ("output_rate = 0", "output_rate", 0),
        ("open_files = 100", "open_files", 100),
    ],
)
def test_limit_is_read(limits, text, name, expected):
    assert getattr(limits(text), name) == expected


def test_limits_that_are_not_given_keep_their_defaults(limits):
    assert limits("open_files = 100") == Limits(open_files=100)


SIZE = 'a size such as "512 MiB", "2 GiB" or a number of bytes'
TIME = 'a time such as "90 s", "10 min" or a number of seconds'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('memory = "2 GB"', f"limits.memory: expected {SIZE}, got '2 GB'"),
        ('memory = "much"', f"limits.memory: expected {SIZE}, got 'much'"),
        ('memory = "GiB"', f"limits.memory: expected {SIZE}, got 'GiB'"),
        ('memory = "1.2.3 GiB"', f"limits.memory: expected {SIZE}, got '1.2.3 GiB'"),
        ('memory = "2"', f"limits.memory: expected {SIZE}, got '2'"),
        ('memory = "-2 GiB"', f"limits.memory: expected {SIZE}, got '-2 GiB'"),
        ("memory = -1", f"limits.memory: expected {SIZE}, got -1"),
        ("memory = inf", f"limits.memory: expected {SIZE}, got inf"),
        ("memory = nan", f"limits.memory: expected {SIZE}, got nan"),
        ("memory = true", f"limits.memory: expected {SIZE}, got True"),
        ("memory = []", f"limits.memory: expected {SIZE}, got []"),
        ("memory = 0", "limits.memory: expected at least 16 MiB, got 0"),
        ("cpu_time = -1", f"limits.cpu_time: expected {TIME}, got -1"),
        ('cpu_time = "2 MiB"', f"limits.cpu_time: expected {TIME}, got '2 MiB'"),
        ("wall_time = 1e300", f"limits.wall_time: expected {TIME}, got 1e+300"),
        ("wall_time = 2024-01-01", f"limits.wall_time: expected {TIME}, got datetime.date(2024, 1, 1)"),
        ("output_rate = false", f"limits.output_rate: expected {SIZE}, got False"),
        ("open_files = 100.5", "limits.open_files: expected a whole number, got 100.5"),
        ('open_files = "many"', "limits.open_files: expected a whole number, got 'many'"),
        ("open_files = 3", "limits.open_files: expected at least 64, got 3"),
        ("open_file = 100", "limits.open_file: there is no such setting; did you mean 'limits.open_files'?"),
    ],
)
def test_mistake_is_told_with_file_and_setting(limits, tmp_path, text, problem):
    with pytest.raises(ConfigurationError) as caught:
        limits(text)
    assert str(caught.value) == f"{tmp_path / 'llmspell.toml'}: {problem}"


def test_limits_that_are_no_table_are_refused(tmp_path):
    (tmp_path / "llmspell.toml").write_text("limits = 3", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="limits: expected a table"):
        load_configuration(tmp_path)


@pytest.mark.parametrize(
    ("size", "text"), [(2 * GIB, "2 GiB"), (1536 * MIB, "1.5 GiB"), (64 * MIB, "64 MiB"), (100, "100 B"), (0, "0 B")]
)
def test_size_reads_as_it_is_written(size, text):
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(600, "10 min"), (7200, "2 h"), (90, "90 s"), (0.25, "250 ms"), (1.5, "1500 ms")]
)
def test_time_reads_as_it_is_written(seconds, text):
    assert seconds_text(seconds) == text
