"""Batches: workers that hang, die or eat memory; resuming; the same bytes from any number of workers."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest

from graphc.errors import GraphcError, InputError
from graphc.grading import grade_folder
from graphc.grading.limits import reason_of
from graphc.grading.marking import prepare
from graphc.grading.workers import Pool, Worker, done_by

STAND_IN = "grading_stand_in:prepare"
EXAM = """title = "t"
function = "w*z"
define = { z = "w*x + 1" }
point = { w = 2, x = 3 }
[[question]]
ask = "value"
of = ["z", "f"]
[[question]]
ask = "formula"
wrt = "w"
"""
KEYS = ["q1.z", "q1.f", "q2.w"]


@pytest.fixture
def exam(tmp_path):
    (tmp_path / "exam.toml").write_text(EXAM)
    (tmp_path / "answers").mkdir()
    return tmp_path


def hand_in(exam, **answers):
    for student, texts in answers.items():
        (exam / "answers" / f"{student}.json").write_text(json.dumps(dict(zip(KEYS, texts))))


def graded(exam, output="report", **options):
    options = {"workers": 1, "timeout": 0.4, "memory": 256, "prepare": STAND_IN, **options}
    outcome = grade_folder(exam / "exam.toml", exam / "answers", exam / output, **options)
    report = json.loads((exam / output / "report.json").read_text(encoding="utf-8"))
    return outcome, {s["student"]: s for s in report["students"]}


def statuses(student):
    return [student["parts"][key]["status"] for key in KEYS]


def everything(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(Path(folder).rglob("*.*"))
            if p.name != "journal.jsonl"}


# -- a worker that is lost -------------------------------------------------------------------------------------


DEEDS = {
    "SPIN": "it took longer than the limit of 0.4 s", "HANG": "it took longer than the limit of 0.4 s",
    "EAT": "it needed more memory than the limit of 256 MB", "DIE": "was stopped (SIGKILL)",
    "ABORT": "was stopped (SIGABRT)", "RAISE": "the checker failed on it (ZeroDivisionError)",
    "LONG": "the checker failed on it (ValueError)"}


@pytest.mark.parametrize("fork", [True, False])
def test_what_is_lost_costs_one_part(exam, fork):
    hand_in(exam, ben=["yes", "no", "yes"], **{deed: ["yes", deed, "yes"] for deed in DEEDS})
    outcome, students = graded(exam, fork=fork)
    assert statuses(students.pop("ben")) == ["correct", "wrong", "correct"]
    assert [name for name, s in students.items() if statuses(s) != ["correct", "undecided", "correct"]] == []
    assert students.keys() == DEEDS.keys()
    parts = {deed: students[deed]["parts"]["q1.f"] for deed in DEEDS}
    assert [d for d, why in DEEDS.items() if why not in parts[d]["message"]] == []
    assert [(p["given"], p["points"]) for p in parts.values()] == [(deed, "0") for deed in DEEDS]
    assert (outcome.undecided, outcome.status) == (len(DEEDS), 2)


def test_each_of_several_lost_parts_is_told(exam):
    hand_in(exam, ada=["DIE", "RAISE", "ABORT"])
    _, students = graded(exam, lang="fr")
    parts = students["ada"]["parts"]
    assert [parts[k]["certainty"] for k in KEYS] == [
        "le processus qui la vérifiait a été arrêté (SIGKILL)", "le vérificateur a échoué (ZeroDivisionError)",
        "le processus qui la vérifiait a été arrêté (SIGABRT)"]


def test_a_submission_of_which_too_much_is_lost_is_given_up(exam):
    (exam / "exam.toml").write_text(EXAM + '[[question]]\nask = "gradient"\nwrt = ["w", "x"]\n')
    keys = ["q1.z", "q1.f", "q2.w", "q3.w", "q3.x"]
    (exam / "answers" / "ada.json").write_text(json.dumps(dict(zip(keys, ["DIE", "yes", "DIE", "DIE", "yes"]))))
    _, students = graded(exam)
    parts = students["ada"]["parts"]
    assert [parts[k]["status"] for k in keys] == ["undecided", "correct", "undecided", "undecided", "undecided"]
    assert "checking 3 other answers of this submission had to be stopped" in parts["q3.x"]["message"]


def test_a_lost_server_is_started_again(exam):
    hand_in(exam, ada=["yes", "SERVER", "yes"], ben=["yes"] * 3, cleo=["yes"] * 3)
    _, students = graded(exam, timeout=0.4)
    assert statuses(students["ada"]) == ["correct", "undecided", "correct"]
    assert statuses(students["cleo"]) == ["correct"] * 3


def test_nothing_is_written_by_a_worker(exam, monkeypatch):
    target = exam / "written.txt"
    monkeypatch.setenv("GRAPHC_TEST_FILE", str(target))
    hand_in(exam, ada=["yes", "WRITE", "yes"])
    _, students = graded(exam)
    assert statuses(students["ada"]) == ["correct", "undecided", "correct"]
    assert not target.exists() or target.read_bytes() == b""


def test_no_process_is_left_behind(exam):
    settings = {"prepare": STAND_IN, "fork": True, "timeout": 30.0, "memory": 256, "lang": "en"}
    job = {"job": "grade", "student": "who", "answers": {}, "items": KEYS}
    with Pool(settings, 1) as pool:
        server = pool.workers[0]
        notes = done_by(server, job, pool.stopping)["notes"]
        assert server.process is not None
        server_pid = server.process.pid
    for pid in [server_pid, int(notes[0])]:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_child_at_work_ends_with_its_server():
    settings = {"prepare": STAND_IN, "fork": True, "timeout": 30.0, "memory": 256, "lang": "en", "path": sys.path}
    worker = Worker(settings)
    messages = worker.ask({"job": "grade", "student": "ada", "answers": {"q1.z": "HANG"}, "items": KEYS, "skip": []})
    assert next(messages) == {"begin": "q1.z"}
    assert worker.process is not None
    server = worker.process.pid
    (child,) = map(int, Path(f"/proc/{server}/task/{server}/children").read_text().split())
    worker.stop()
    until = time.monotonic() + 20
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < until, "the child lives on"
        time.sleep(0.02)


def test_the_clock_counts_computing():
    spin = "from graphc.grading.limits import start_clock\nstart_clock(0.1)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", spin], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                          timeout=120, check=False)
    assert done.returncode == -signal.SIGPROF


def test_what_is_skipped_is_not_marked():
    settings = {"text": EXAM, "name": "exam.toml", "folder": ".", "trusted": False, "lang": "en"}
    answers = {"q1": "both", "q1.z": "7", "q1.f": "14", "q2": "2*w*x + 1"}
    job = {"job": "grade", "student": "", "answers": answers, "items": KEYS}
    begun = []
    marks = {skip: dict(prepare(settings)({**job, "skip": [skip] if skip else []}, begun.append))
             for skip in ("", "q1.z", "q2.w")}
    statuses = {skip: [found[k]["status"] for k in KEYS] for skip, found in marks.items()}
    assert statuses == {"": ["correct"] * 3, "q1.z": ["missing", "correct", "correct"],
                        "q2.w": ["correct", "correct", "missing"]}
    assert begun == KEYS * 3 and len(marks[""]["notes"]) == 1 and marks["q1.z"]["notes"] == []


def test_each_submission_has_a_process_of_its_own(exam):
    settings = {"prepare": STAND_IN, "fork": True, "timeout": 30.0, "memory": 256, "lang": "en"}
    job = {"job": "grade", "student": "who", "answers": {}, "items": KEYS}
    with Pool(settings, 1) as pool:
        pids = [values["notes"][0] for _, values in pool.each([job] * 3)]
    assert len(set(pids)) == 3


def test_reasons():
    assert [reason_of(-n) for n in (signal.SIGPROF, signal.SIGXCPU, signal.SIGALRM)] == ["time"] * 3
    assert reason_of(-250) == "signal 250"


# -- resuming --------------------------------------------------------------------------------------------------


def test_a_second_run_grades_only_what_is_new(exam):
    hand_in(exam, ada=["yes"] * 3, ben=["no"] * 3)
    assert graded(exam)[0].reused == 0
    assert graded(exam)[0].reused == 2
    hand_in(exam, ben=["yes"] * 3, cleo=["no"] * 3)
    outcome, students = graded(exam)
    assert outcome.reused == 1 and statuses(students["ben"]) == ["correct"] * 3


def test_what_changes_the_marks_is_graded_again(exam):
    hand_in(exam, ada=["yes"] * 3)
    assert [graded(exam, **o)[0].reused for o in ({}, {"lang": "fr"}, {"version": "2"}, {"fresh": True})] == [0] * 4
    (exam / "exam.toml").write_text(EXAM.replace('"t"', '"u"'))
    assert graded(exam)[0].reused == 0


def test_what_a_limit_stopped_is_tried_again_under_another(exam):
    hand_in(exam, ada=["yes", "SPIN", "yes"], ben=["yes"] * 3)
    assert [graded(exam, timeout=t)[0].reused for t in (0.2, 0.2, 0.3)] == [0, 2, 1]


def test_a_torn_line_of_the_journal_is_graded_again(exam):
    hand_in(exam, ada=["yes"] * 3, ben=["no"] * 3)
    graded(exam)
    before = everything(exam / "report")
    journal = exam / "report" / "journal.jsonl"
    whole = journal.read_bytes()
    older = whole.split(b"\n")[0].replace(b'"notes"', b'"marks"')  # of another form
    journal.write_bytes(b'{"key": 3}\n[]\n[' + b"[" * 5000 + b"\n" + whole[:-20] + b"\n" + older)
    assert graded(exam)[0].reused == 1
    assert everything(exam / "report") == before
    assert graded(exam)[0].reused == 2


SLOWLY = """
import signal
from graphc.grading import grade_folder
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell runs in the background ignores it
    grade_folder("exam.toml", "answers", "report", workers=1, timeout=20, prepare="grading_stand_in:prepare")
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_is_resumed(exam, how):
    """The first submissions are marked, then one hangs; the run ends there, and the marks are kept."""
    hand_in(exam, ada=["yes"] * 3, ben=["no"] * 3, cleo=["HANG", "yes", "yes"])
    path = os.pathsep.join(sys.path)
    run = subprocess.Popen([sys.executable, "-c", SLOWLY], cwd=exam, env={**os.environ, "PYTHONPATH": path},
                           stderr=subprocess.DEVNULL)
    journal = exam / "report" / "journal.jsonl"
    until = time.monotonic() + 60
    while not (journal.exists() and journal.read_bytes().count(b"\n") == 2):
        assert time.monotonic() < until and run.poll() is None, "the run came to nothing"
        time.sleep(0.02)
    run.send_signal(how)
    assert run.wait(30) != 0
    hand_in(exam, cleo=["yes"] * 3)
    outcome, students = graded(exam, timeout=20)
    assert outcome.reused == 2 and statuses(students["cleo"]) == ["correct"] * 3


def test_two_runs_at_once_are_refused(exam):
    hand_in(exam, ada=["yes"] * 3)
    graded(exam)
    with open(exam / "report" / "journal.jsonl", "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InputError, match=r"journal\.jsonl' is in use: another `graphc grade`"):
            graded(exam)


# -- the same bytes --------------------------------------------------------------------------------------------


def test_the_number_of_workers_changes_no_byte(exam):
    hand_in(exam, **{f"student-{i:02d}": ["yes" if i % 2 else "no", "yes" if i % 3 else "", "RAISE" if i == 7 else "no"]
                     for i in range(12)})
    graded(exam, "one", workers=1)
    graded(exam, "three", workers=3)
    graded(exam, "apart", workers=2, fork=False)
    assert everything(exam / "one") == everything(exam / "three") == everything(exam / "apart")
    assert len(everything(exam / "one")) == 3 + 12


def test_the_later_file_of_a_student_is_graded(exam):
    (exam / "answers" / "a.json").write_text('{"student": "ada", "q1.z": "no"}')
    (exam / "answers" / "b.csv").write_text("student,q1.z\nada,no\nada,yes\n")
    _, students = graded(exam)
    assert students["ada"]["place"] == "b.csv:3" and statuses(students["ada"])[0] == "correct"
    report = json.loads((exam / "report" / "report.json").read_text(encoding="utf-8"))
    assert [(r["place"], r["kept"]) for r in report["replaced"]] == [("a.json", "b.csv:2"), ("b.csv:2", "b.csv:3")]


def test_exercise_and_report_may_lie_among_the_answers(exam):
    (exam / "answers" / "exam.toml").write_text(EXAM)
    hand_in(exam, ada=["yes"] * 3)
    options = {"workers": 1, "prepare": STAND_IN}
    for _ in range(2):
        outcome = grade_folder(exam / "answers" / "exam.toml", exam / "answers", exam / "answers" / "report", **options)
        assert (outcome.students, outcome.unread) == (1, ())


def test_pages_of_students_who_are_gone_are_removed(exam):
    hand_in(exam, ada=["yes"] * 3, ben=["no"] * 3)
    graded(exam)
    (exam / "answers" / "ben.json").unlink()
    (exam / "report" / "students" / "notes.html").write_text("mine")
    graded(exam)
    assert sorted(os.listdir(exam / "report" / "students")) == ["001.html", "notes.html"]


# -- options ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "why"), [
    ({"workers": 0}, "workers must lie between 1 and 64, got 0"), ({"timeout": 0}, "timeout is in seconds"),
    ({"timeout": float("nan")}, "timeout is in seconds"), ({"memory": 1}, "memory is in megabytes"),
    ({"lang": "de"}, "no language 'de'; choose from en, fr")])
def test_wrong_options(exam, options, why):
    hand_in(exam, ada=["yes"] * 3)
    with pytest.raises(InputError, match=why):
        graded(exam, **options)
    assert not (exam / "report").exists()


def test_an_exercise_with_a_mistake_tells_its_line(exam):
    (exam / "exam.toml").write_text(EXAM.replace("ask", "aks", 1))
    with pytest.raises(InputError, match=r"exam\.toml:6: no key 'aks'; did you mean ask"):
        graded(exam)


def test_a_model_of_python_must_be_trusted_and_counts_for_resuming(exam):
    (exam / "net.py").write_text("import graphc as G\nw, x = G.param('w'), G.input('x')\nf = (w*x).named('f')\n")
    (exam / "exam.toml").write_text('title = "t"\nmodel = "net.py:f"\npoint = { w = 2, x = 3 }\n'
                                    '[[question]]\nask = "value"\n')
    (exam / "answers" / "ada.json").write_text('{"q1": "6"}')
    run = {"workers": 1, "timeout": 20.0}
    with pytest.raises(InputError, match="say that you trust it with --trust"):
        grade_folder(exam / "exam.toml", exam / "answers", exam / "report", **run)
    outcomes = []
    for rule in ("w*x", "w*x + 1"):
        (exam / "net.py").write_text((exam / "net.py").read_text().replace("w*x", rule))
        outcomes.append(grade_folder(exam / "exam.toml", exam / "answers", exam / "report", trusted=True, **run))
    assert [o.points for o in outcomes] == [Fraction(1), Fraction(0)] and outcomes[1].reused == 0


def test_a_process_that_cannot_start(exam, capfd):
    hand_in(exam, ada=["yes"] * 3)
    with pytest.raises(GraphcError, match=r"a process to grade in could not be started \(exit 1\)"):
        graded(exam, prepare="grading_nowhere:prepare")
    assert "No module named 'grading_nowhere'" in capfd.readouterr().err


def test_the_benchmark_runs(tmp_path):
    script = Path(__file__).resolve().parents[2] / "benchmarks" / "grading.py"
    done = subprocess.run([sys.executable, str(script), "--students", "6", "--workers", "1", "--keep", str(tmp_path)],
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True,
                          encoding="utf-8", check=True)
    assert "6 submissions of 4 answers by 1 workers" in done.stdout
    assert "right answers marked wrong: 0, wrong answers marked right: 0" in done.stdout
    assert "hostile" in done.stdout and (tmp_path / "report" / "report.html").exists()
