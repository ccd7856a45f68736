"""polyascan in Python says what the command line says."""

import concurrent.futures
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy
import pandas
import pytest

import polyascan


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    polyascan.run("-q", "simulate", "--length", "20000", "--sites", "4", "--seed", "5", "-o", folder / "sim")
    return folder / "sim"


@pytest.fixture(scope="module")
def sequence(simulated) -> str:
    return "".join(line.strip() for line in (simulated / "genome.fa").read_text().splitlines()[1:])


@pytest.fixture(scope="module")
def model() -> polyascan.Model:
    return polyascan.Model()


def test_a_model_says_what_it_is(model):
    assert (model.name, model.lengths, model.anchor, model.can_scan) == ("default", (240, 240), 120, True)
    assert len(model.sha256) == 64 and "default" in repr(model)
    assert model.outputs["probability"] == 1
    with pytest.raises(polyascan.Error, match="no-such-model"):
        polyascan.Model("no-such-model")


def test_predict_takes_text_bytes_letters_and_codes_alike(model, sequence):
    windows = [sequence[at : at + 240] for at in range(0, 2400, 240)]
    expected = model.predict(windows)
    assert {name: values.shape for name, values in expected.items()} == {
        name: (10, width) for name, width in model.outputs.items()
    }
    letters = numpy.array([list(window.encode()) for window in windows], dtype=numpy.uint8)
    codes = numpy.searchsorted(numpy.frombuffer(b"ACGT", numpy.uint8), letters).astype(numpy.uint8)
    for same in ([window.lower().encode() for window in windows], letters, codes, codes[:, ::1]):
        for name, values in model.predict(same).items():
            assert values.dtype == numpy.float32
            numpy.testing.assert_array_equal(values, expected[name])
    # What is not contiguous is read as it is.
    for name, values in model.predict(codes[::-1]).items():
        numpy.testing.assert_array_equal(values, expected[name][::-1])


def test_predict_refuses_what_is_no_window(model, sequence):
    with pytest.raises(polyascan.Error, match="100 nt"):
        model.predict([sequence[:100]])
    with pytest.raises(TypeError, match="one text"):
        model.predict(sequence[:240])
    with pytest.raises(ValueError, match="sequence 1, place 2"):
        model.predict([sequence[:240], sequence[:2] + "!" + sequence[3:240]])
    with pytest.raises(TypeError):
        model.predict([7])
    assert model.predict([])["probability"].shape == (0, 1)


def test_scan_of_a_sequence_has_the_sites_and_tracks_of_the_program(model, simulated, sequence, tmp_path):
    scanned = model.scan(sequence, threads=2)
    table = polyascan.scan(simulated / "genome.fa", output=tmp_path / "x", tracks=True)
    assert len(table) > 1
    assert scanned.sites["position"].tolist() == table["start"].tolist()
    assert scanned.sites["strand"].tolist() == table["strand"].tolist()
    for name in ("probability", "posterior", "cleavage"):
        numpy.testing.assert_allclose(scanned.sites[name], table[name], atol=6e-7)
    assert scanned.sites["cluster_end"].tolist() == table["cluster_end"].tolist()
    assert scanned.probability.shape == scanned.cleavage.shape == (2, len(sequence))
    # No window fits around the first 120 positions and the last 119.
    absent = numpy.isnan(scanned.probability[0])
    assert absent[:120].all() and absent[-119:].all() and not absent[120] and not absent[-120]
    tracks = pytest.importorskip("pyBigWig").open(str(tmp_path / "x.minus.probability.bw"))
    (contig,) = tracks.chroms()
    values = tracks.values(contig, 0, len(sequence), numpy=True)
    numpy.testing.assert_array_equal(values, scanned.probability[1])


def test_a_window_centred_on_a_position_has_its_probability(model, sequence):
    scanned = model.scan(sequence[:2000])
    alone = model.predict([sequence[500 - 120 : 500 + 120]])["probability"][0, 0]
    assert scanned.probability[0, 500] == pytest.approx(alone, abs=1e-5)


def test_threads_do_not_change_results_and_run_at_the_same_time(model, sequence):
    expected = model.scan(sequence)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for found in pool.map(model.scan, [sequence] * 3):
            numpy.testing.assert_array_equal(found.probability, expected.probability)


def test_the_gil_is_released(model, sequence):
    ticks = []
    over = threading.Event()

    def tick():
        while not over.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.monotonic()
    model.scan(sequence * 2)
    end = time.monotonic()
    over.set()
    thread.join()
    during = [at for at in ticks if begin < at < end]
    assert len(during) > 0.1 * (end - begin) / 0.02, (len(during), end - begin)


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "numpy"])
def test_tables_of_every_kind_hold_the_same(simulated, kind):
    pytest.importorskip({"arrow": "pyarrow"}.get(kind, kind))
    genome, genes = simulated / "genome.fa", simulated / "genes.gtf"
    expected = polyascan.scan(genome, annotation=genes, threads=1)
    found = polyascan.scan(genome, annotation=genes, table=kind, threads=2)
    names = list(found) if kind == "numpy" else list(found.column_names if kind == "arrow" else found.columns)
    assert names == list(expected.columns)
    for name in ("chrom", "start", "strand", "feature"):
        column = found[name]
        column = column.to_pylist() if kind == "arrow" else list(column)
        assert column == expected[name].tolist(), name
    with pytest.raises(ValueError, match="must be pandas"):
        polyascan.scan(genome, region="chrSim1:1-300", table="excel")


def test_options_are_those_of_the_command(simulated):
    all_sites = polyascan.scan(simulated / "genome.fa", whole_genome=False, stringency="sensitive")
    some = polyascan.scan(simulated / "genome.fa", stringency="sensitive", region=["chrSim1:1-10000"], strand="+")
    inside = all_sites[(all_sites["end"] <= 10000) & (all_sites["strand"] == "+")]
    pandas.testing.assert_frame_equal(some, inside.reset_index(drop=True), check_dtype=False)


def test_variants_of_a_file_and_by_name(simulated, tmp_path):
    genome, vcf = simulated / "genome.fa", simulated / "variants.vcf"
    effects = polyascan.variants(vcf, genome, output=tmp_path / "x.vcf.gz", write_index=True)
    assert (tmp_path / "x.vcf.gz.tbi").exists()
    assert effects["consequence"].dropna().isin(
        ["created", "lost", "strengthened", "weakened", "shifted", "unchanged"]
    ).all()
    row = effects.dropna(subset=["delta_strength"]).iloc[0]
    name = f"{row['chrom']}:{row['pos']}:{row['ref']}:{row['allele']}"
    alone = polyascan.variants([name], genome)
    assert row["delta_strength"] in alone["delta_strength"].tolist()


def test_errors_are_exceptions_with_the_programs_text(simulated, tmp_path):
    with pytest.raises(polyascan.Error, match="no-such.fa"):
        polyascan.scan(tmp_path / "no-such.fa")
    with pytest.raises(polyascan.Error, match="--min-probability"):
        polyascan.scan(simulated / "genome.fa", min_probability="high")
    with pytest.raises(polyascan.Error, match="unexpected argument"):
        polyascan.scan(simulated / "genome.fa", no_such_option=1)


def test_ctrl_c_ends_a_scan_and_the_next_one_runs(simulated, sequence):
    code = (
        "import sys, polyascan\n"
        "print('ready', flush=True)\n"
        "try:\n"
        "    polyascan.Model().scan(open(sys.argv[1]).read() * 200)\n"
        "except KeyboardInterrupt:\n"
        "    polyascan.Model().scan('ACGT' * 200)\n"
        "    print('ended', flush=True)\n"
    )
    text = simulated / "sequence.txt"
    text.write_text(sequence)
    child = subprocess.Popen([sys.executable, "-c", code, str(text)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(1.0)
    child.send_signal(signal.SIGINT)
    begin = time.monotonic()
    out, _ = child.communicate(timeout=60)
    assert out == "ended\n" and time.monotonic() - begin < 20


def test_the_command_line_is_there():
    version = subprocess.run(
        [sys.executable, "-m", "polyascan", "--version"], capture_output=True, text=True
    )
    assert version.stdout == f"polyascan {polyascan.__version__}\n" and version.returncode == 0
    wrong = subprocess.run([sys.executable, "-m", "polyascan", "scan"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "required" in wrong.stderr
