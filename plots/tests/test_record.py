"""Reading results files: sound, truncated and wrong."""

import json
from pathlib import Path

import pytest
import synthetic

from regatta_plots.errors import RecordError
from regatta_plots.record import read

TRIALS = 4 * (6 + len(synthetic.RATES)) * 3  # of four_file
RUN = {"record": "run", "schema": 1, "run_id": "x"}


def test_the_synthetic_files_are_as_the_schema_says(four_file):
    jsonschema = pytest.importorskip("jsonschema")
    schema = Path(__file__).parents[2] / "results/schema/record.schema.json"
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text()))
    for line in four_file.read_text().splitlines():
        validator.validate(json.loads(line))


def test_whole_file(four):
    assert not four.truncated
    assert four.run["run_id"] == "20260101T000000Z-0000"
    assert len(four.trials) == TRIALS
    assert len(four.memory) == 4 * 3 * 3


@pytest.mark.parametrize(("cut", "left"), [(1, TRIALS), (0, TRIALS), (-1, TRIALS - 1),
                                          (-200, TRIALS - 1)])
def test_a_cut_file_is_truncated_and_readable(four_file, tmp_path, cut, left):
    """Cut behind, at and before the line end of the last trial."""
    path = tmp_path / "cut.jsonl"
    whole = four_file.read_bytes()
    path.write_bytes(whole[:whole.rindex(b"\n", 0, -1) + cut])
    results = read(path)
    assert results.truncated
    assert len(results.trials) == left


def test_unknown_records_and_fields_are_ignored(tmp_path):
    path = synthetic.write(tmp_path / "f", [
        RUN | {"later": 1}, {"record": "verdict", "schema": 1}, {"record": "end", "schema": 1}])
    assert not read(path).truncated


@pytest.mark.parametrize(("text", "complaint"), [
    ("", ":1: is empty"),
    ("hello\n", ":1: is not a record"),
    ("hello", ":1: is not a record"),
    ("[1]\n", ":1: is not a record"),
    (json.dumps(RUN | {"schema": 9}) + "\n", ":1: has schema 9"),
    (json.dumps({"record": "run"}) + "\n", ":1: has schema null"),
    (json.dumps({"record": "series", "schema": 1}) + "\n", ":1: is no `run` record but `series`: not a results file"),
    (json.dumps({"record": "micro", "program": "loopback_floor", "schema": 1}) + "\n",
     ":1: is no `run` record but that of the micro-benchmark loopback_floor"),
    (json.dumps(RUN) + "\n{broken\n" + json.dumps(RUN) + "\n", ":2: is not a record"),
])
def test_what_is_wrong_is_named_with_its_line(tmp_path, text, complaint):
    path = tmp_path / "wrong.jsonl"
    path.write_text(text)
    with pytest.raises(RecordError) as error:
        read(path)
    assert f"wrong.jsonl{complaint}" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["frame_overhead", "generator_cost", "runtime_against_native"])
def test_a_micro_benchmark_is_left_to_its_program(name):
    path = Path(__file__).parents[2] / f"results/reference/{name}.jsonl"
    with pytest.raises(RecordError) as error:
        read(path)
    assert str(error.value) == f"{path}:1: is no `run` record but that of the micro-benchmark {name}: " \
                               f"`{name} --from {path}` prints it"


def test_an_audit_is_left_to_its_verb():
    path = Path(__file__).parents[2] / "results/reference/audit.jsonl"
    with pytest.raises(RecordError) as error:
        read(path)
    assert str(error.value) == f"{path}: holds no trials but an audit: `regatta audit --from {path}` prints it"


@pytest.mark.parametrize("lacking", ["benchmark", "connections", "reading"])
def test_a_memory_record_that_lacks_something_is_named(tmp_path, lacking):
    records = [each for each in synthetic.run(["asio"], [50], 1, workloads=(), everything=True, samples=12_000)
               if each["record"] in ("run", "memory")]
    del records[1][lacking]
    path = synthetic.write(tmp_path / "lacks.jsonl", records)
    with pytest.raises(RecordError, match=f"memory 0: lacks or misuses '{lacking}'"):
        read(path)


def test_a_filter_leaves_out_and_is_remembered(four_file):
    results = read(four_file)
    results.keep("^echo/asio/")
    assert {t["runtime"] for t in results.trials} == {"asio"} and results.filter == "^echo/asio/"
    assert {t["workload"] for t in results.trials + results.memory} == {"echo"}


def test_missing_folder_and_binary(tmp_path):
    with pytest.raises(RecordError, match="cannot read .*No such file"):
        read(tmp_path / "none")
    with pytest.raises(RecordError, match="cannot read .*directory"):
        read(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordError, match="not UTF-8"):
        read(tmp_path / "binary")
