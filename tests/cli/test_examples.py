"""Every example of every ``--help`` is run, each in a folder that holds nothing but what it needs."""

from __future__ import annotations

import re
import shlex
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import typer.main
from PIL import Image
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.configuration import flatten, override, parse_assignments
from skysieve.models.keras_import import import_keras_model
from skysieve.recipes.braai import BRAAI
from skysieve.recipes.find_recipe import all_recipes, find_recipe
from skysieve.recipes.run import train_recipe
from skysieve.samples import SampleSet
from skysieve.sources.archives.braai import BRAAI_FILES, read_braai
from skysieve.sources.simulators.night import simulate_night
from skysieve.sources.simulators.samples import write_triplet_samples
from skysieve.sources.simulators.streak_frame_files import write_streak_frame
from skysieve.sources.simulators.streak_frames import simulate_streak_frame
from skysieve.sources.simulators.streak_night import simulate_streak_night
from skysieve.sources.simulators.streaks.samples import write_streak_samples

torch.set_num_threads(1)
# All on one worker, so that what the examples start from is made once.
pytestmark = pytest.mark.xdist_group("examples")

ALERTS, USABLE = 60, 1
"""Sound packets of the night, and how many of the damaged ones can be scored all the same."""

KERAS_LAYERS = {
    "conv1": (3, 3, 3, 16),
    "conv2": (3, 3, 16, 16),
    "conv3": (3, 3, 16, 32),
    "conv4": (3, 3, 32, 32),
    "fc_1": (1152, 256),
    "fc_out": (256, 1),
}
STREAK_LAYERS = {
    "conv2d_1": (3, 3, 1, 16),
    "conv2d_2": (3, 3, 16, 32),
    "dense_1": (9248, 256),
    "dense_2": (256, 1),
}


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that does something, with the words that call it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield words, command
        return
    for name, each in below.items():
        yield from commands(each, (*words, name))


COMMANDS = dict(commands(typer.main.get_command(application)))
EXAMPLES = [line for command in COMMANDS.values() for line in re.findall(r"`([^`]+)`", command.epilog or "")]


@dataclass(frozen=True)
class Expected:
    """What an example needs in its folder, what it says, and what it leaves there."""

    says: str
    needs: str = ""
    leaves: str = ""


IMAGES = "--id name --path file --label kind"
OWN_SPLIT = "--classes galaxy,star --label-origin 'two observers, 2026' --split part"
PROPOSED = "-o proposed.parquet"
FOR_PEOPLE = "--relabel --strategy uncertainty=10,random=10 --csv labels.csv --images pictures/"
BY_SIEVE = "--per-bin 2 --strategy random=3,bins,disagreement=2"
OWN_BINS = """--per-bin 2 --bin 'streaks={"any": "rb"}' --bin 'rest={"not": {"any": "rb"}}' --per-group 1"""
ORIGIN = "--origin 'two observers, 2026'"
LABELLED = "--set labels.table=night/truth.csv --set labels.column=label"
TINY_SIEVE = (
    "--set members=1 --set model.network.name=streaknet --set model.training.epochs=1 "
    "--set model.splits.validation=0.3"
)
TINY = "--set training.epochs=1 --set network.name=compact --set evaluation.replicates=20"
JUDGED = r"roc_auc +[01]\.\d{4} \("
SCORED = rf"^{ALERTS + USABLE} alerts scored with "

VIEWER = "--service legacy-survey --layer ls-dr10 --size 64 --pixel-scale 0.262"
SKYSERVER = "--service sdss --size 120 --pixel-scale 0.4 --label kind -o sdss.parquet --set release=dr17"

FRAMES = "frame/science.fits frame/reference.fits frame/difference.fits"
LOOSE = "--cutouts cutouts.parquet --minimum-score 0.2"
RANDOMISED = "--layer conv3 --sanity --set limit=32"
INTEGRATED = "--method integrated-gradients --set method.steps=8 --set limit=16"
SALIENCY = "--method saliency --set method.smooth=4 --set label=rb --set target=streak"

EXPECTED = {
    f"skysieve detect streaks {FRAMES} -o streaks.parquet": Expected(
        r"^\d+ streaks on 320 x 300 pixels in ", "frame", "streaks.parquet"
    ),
    f"skysieve detect streaks {FRAMES} -o all.parquet {LOOSE}": Expected(
        r"^cutouts: cutouts.parquet$", "frame", "all.parquet cutouts.parquet"
    ),
    "skysieve evaluate braai-weak samples.parquet -o judged/": Expected(
        JUDGED, "samples.parquet", "judged/report.html judged/evaluation.json"
    ),
    f"skysieve evaluate braai-weak night/packets -o night-judged/ {LABELLED}": Expected(
        JUDGED, "night", "night-judged/report.html"
    ),
    "skysieve evaluate streak-sieve/ streaks-set.parquet -o sieve-judged/": Expected(
        r"^plausible \(all labelled samples: 100 streaks",
        "streak-sieve streaks-set.parquet",
        "sieve-judged/report.html sieve-judged/evaluation.json",
    ),
    "skysieve explain braai-weak samples.parquet -o explained/": Expected(
        r"^100 samples explained by grad-cam$",
        "samples.parquet",
        "explained/maps.parquet explained/gallery.html explained/explanation.json",
    ),
    f"skysieve explain braai-weak samples.parquet -o explained/ {RANDOMISED}": Expected(
        r"(?s)^32 samples explained by grad-cam\n.*rank_correlation +-?0\.\d{4} \[",
        "samples.parquet",
        "explained/gallery.html",
    ),
    f"skysieve explain streaks/rb-1 streaks-set.parquet -o explained/ {INTEGRATED}": Expected(
        r"^16 samples explained by integrated-gradients$", "streaks-set.parquet", "explained/gallery.html"
    ),
    f"skysieve explain models/rb-1 streaks-set.parquet -o explained/ {SALIENCY}": Expected(
        r"^100 samples explained by saliency$", "models streaks-set.parquet", "explained/gallery.html"
    ),
    f"skysieve fetch cutouts positions.csv {VIEWER} -o set.parquet": Expected(
        r"^4 answers fetched.*\n4 cutouts in 3 groups, the largest of 2: set.parquet$",
        "positions.csv",
        "set.parquet set.parquet.cache",
    ),
    f"skysieve fetch cutouts positions.csv {SKYSERVER}": Expected(
        r"^4 cutouts in 3 groups, the largest of 2: sdss.parquet$", "positions.csv", "sdss.parquet"
    ),
    "skysieve fetch dataset": Expected(r"^braai  .*labelled ZTF alerts"),
    "skysieve fetch dataset braai -o braai-data/": Expected(
        r"^braai: braai-data\n.*Duev", leaves=" ".join(f"braai-data/{each.name}" for each in BRAAI_FILES)
    ),
    "skysieve fetch sql 'SELECT TOP 9 ra, dec FROM Galaxy' -o nine.csv": Expected(
        r"^2 rows: nine.csv$", leaves="nine.csv"
    ),
    "skysieve fetch votes zooNoSpec -o votes.csv --rows 1000": Expected(
        r"(?s)votes-do-not-sum +12: .*^2 rows: votes.csv\nLintott", leaves="votes.csv"
    ),
    "skysieve model show braai-weak": Expected(r"(?s)# braai.*## Limits.*identity +[0-9a-f]{64}"),
    "skysieve model check braai-weak": Expected(r"passed  agreement: ONNX and PyTorch differ by"),
    "skysieve model import-keras braai.weights.h5 --norm l2-per-cutout -o imported/": Expected(
        r"^braai: imported \([0-9a-f]{12}\)", "braai.weights.h5", "imported/model.onnx imported/model.json"
    ),
    "skysieve model import-keras sl.weights.h5 --family sl --network vgg4 -o sl-vgg4/": Expected(
        r"^sl: sl-vgg4 \([0-9a-f]{12}\)", "sl.weights.h5", "sl-vgg4/model.onnx sl-vgg4/model.json"
    ),
    "skysieve recipes": Expected(r"^braai  .*Duev et al. 2019"),
    "skysieve recipes braai": Expected(r"training\.epochs +200\n"),
    "skysieve recipes deepstreaks": Expected(r"members +3\n(?s:.*)model\.training\.epochs +200\n"),
    f"skysieve samples alerts night/packets -o samples.parquet {LABELLED}": Expected(
        r"(?s)truncated-gzip.*^61 samples in \d+ groups: bogus \d+, real \d+$", "night", "samples.parquet"
    ),
    f"skysieve samples images table.csv cutouts/ -o images.parquet {IMAGES}": Expected(
        r"^4 samples in 4 groups: galaxy 2, star 2$", "table.csv cutouts", "images.parquet"
    ),
    f"skysieve samples images table.csv cutouts/ -o images.parquet {IMAGES} {OWN_SPLIT}": Expected(
        r"^4 samples in 4 groups: galaxy 2, star 2$", "table.csv cutouts", "images.parquet"
    ),
    "skysieve samples dataset braai braai-data/ -o braai.parquet": Expected(
        r"(?s)labels: Human labels.*already L2-normalised.*^2 samples in 2 groups: bogus 1, real 1$",
        "braai-data",
        "braai.parquet",
    ),
    "skysieve samples show samples.parquet": Expected(
        r"cutouts  \(3, 63, 63\) float32 detector counts", "samples.parquet"
    ),
    "skysieve samples validate samples.parquet": Expected(
        r"nothing found that spoils training", "samples.parquet"
    ),
    "skysieve samples split samples.parquet -o split.parquet --seed 7": Expected(
        r"train +\d+ +\d+ +0\nvalidation +\d+ +\d+ +0\ntest ", "samples.parquet", "split.parquet"
    ),
    "skysieve samples streaks streaks/ -o night.parquet --labels classes.json": Expected(
        r"(?s)bad-image.*^11 samples in \d+ groups: other 1, unlabelled 10$",
        "streaks classes.json",
        "night.parquet",
    ),
    f"skysieve samples propose braai-weak samples.parquet {PROPOSED} {FOR_PEOPLE}": Expected(
        r"(?s)^20 of 100 samples are proposed, by:.*random +10\n.*^20 pictures: pictures$",
        "samples.parquet",
        "proposed.parquet labels.csv pictures",
    ),
    f"skysieve samples propose streak-sieve/ streaks/ {PROPOSED} {BY_SIEVE}": Expected(
        r"^11 of 11 samples are proposed, by:\n  random +3\n  bin:rb-high +2\n  bin:rb-low +2\n"
        r"  bin:sl-high +2\n  bin:sl-low +1\n  disagreement +1\n",
        "streak-sieve streaks",
        "proposed.parquet",
    ),
    f"skysieve samples propose streak-sieve/ streaks/ {PROPOSED} {OWN_BINS}": Expected(
        r"^1 of 11 samples are proposed, by:\n  random +1\n  bin:streaks +0\n  bin:rest +0\n",
        "streak-sieve streaks",
        "proposed.parquet",
    ),
    f"skysieve samples label proposed.parquet labels.csv -o labelled.parquet {ORIGIN}": Expected(
        r"(?s)unknown-id +99: .*^rb: bogus 1, streak 1, unlabelled 2\nsl: bogus 0, streak 0, unlabelled 4",
        "proposed.parquet labels.csv",
        "labelled.parquet",
    ),
    "skysieve score braai-weak night/packets -o scores.parquet": Expected(
        SCORED, "night", "scores.parquet scores.quarantine.jsonl"
    ),
    "skysieve score braai-weak night.tar.gz -o night.parquet --report night.html": Expected(
        SCORED, "night.tar.gz", "night.parquet night.html"
    ),
    "skysieve score imported/ 'night/packets/*.avro' -o imported.parquet --workers 2": Expected(
        SCORED, "night imported", "imported.parquet"
    ),
    "skysieve score streak-sieve/ streaks/ -o streaks.parquet": Expected(
        r"(?s)^11 streaks scored with toy .*of 11 streaks pass:\n  plausible +4\n.*bad-image +1\n",
        "streak-sieve streaks",
        "streaks.parquet streaks.quarantine.jsonl",
    ),
    "skysieve score streak-sieve/ streaks-set.parquet -o set-scores.parquet": Expected(
        r"(?s)^100 streaks scored with toy .*^scores: set-scores.parquet$",
        "streak-sieve streaks-set.parquet",
        "set-scores.parquet",
    ),
    "skysieve score streak-sieve/ streak-night/night -o judged.parquet --report judged.html "
    "--truth streak-night/truth.csv --truth-origin simulated": Expected(
        r"(?s)^31 streaks scored with toy .*ades-missing +1\n.*^report: judged.html$",
        "streak-sieve streak-night",
        "judged.parquet judged.html",
    ),
    "skysieve sieve show streak-sieve/": Expected(
        r"(?s)rb-1 +rb +>= 0\.4 \(family\).*sl-1 +sl +>= 0\.5 \(default\).*"
        r"plausible +some rb member >= its threshold and .*recall +0\.9700 \(0\.9500 to 0\.9900\)",
        "streak-sieve",
    ),
    "skysieve sieve decide streaks.parquet --threshold rb=0.7 -o strict.parquet": Expected(
        r"^of 11 streaks pass:\n  plausible +4\n", "streaks.parquet", "strict.parquet"
    ),
    "skysieve sieve decide streaks.parquet --sieve streak-sieve/ "
    """--rule 'mean={"mean": "rb", ">=": 0.4}' --rule plausible -o mean.parquet""": Expected(
        r"mean +7\n  plausible +4\n", "streaks.parquet streak-sieve", "mean.parquet"
    ),
    "skysieve simulate night night/ --alerts 100 --seed 1 --bad-packets": Expected(
        r"^100 packets of \d+ objects: night/packets\n11 damaged", leaves="night/packets night/truth.csv"
    ),
    "skysieve simulate streak-night streak-night/ --streaks 30 --seed 1 --bad-files": Expected(
        r"^30 streaks, \d+ of them plausible: streak-night/night\n12 bad ones",
        leaves="streak-night/night/stamps_20190214 streak-night/truth.csv",
    ),
    "skysieve simulate galaxies galaxies.parquet -n 40 --seed 1": Expected(
        r"^40 simulated galaxies: galaxies.parquet$", leaves="galaxies.parquet"
    ),
    "skysieve simulate galaxies rare.parquet -n 20 --kind elliptical=0.95 --kind merger=0.05": Expected(
        r"^20 simulated galaxies: rare.parquet$", leaves="rare.parquet"
    ),
    "skysieve simulate galaxies hsc.parquet -n 10 --survey hsc --fluxes --set survey.seeing=[1.5,1.4,1.3]": (
        Expected(r"^10 simulated galaxies: hsc.parquet$", leaves="hsc.parquet")
    ),
    "skysieve simulate lsbg lsbg.parquet -n 40 --seed 1": Expected(
        r"^40 simulated galaxies and artefacts: lsbg.parquet$", leaves="lsbg.parquet"
    ),
    "skysieve simulate lsbg three-classes.parquet -n 20 --survey hsc --artifact-types": Expected(
        r"^20 simulated galaxies and artefacts: three-classes.parquet$", leaves="three-classes.parquet"
    ),
    "skysieve simulate streaks streaks-set.parquet -n 100 --seed 1": Expected(
        r"^100 simulated streaks: streaks-set.parquet$", leaves="streaks-set.parquet"
    ),
    "skysieve simulate streaks long.parquet -n 20 --set camera.exposure_time=60": Expected(
        r"^20 simulated streaks: long.parquet$", leaves="long.parquet"
    ),
    "skysieve simulate streaks two-kinds.parquet -n 20 --kind asteroid --kind satellite": Expected(
        r"^20 simulated streaks: two-kinds.parquet$", leaves="two-kinds.parquet"
    ),
    "skysieve simulate triplets triplets.parquet -n 64 --seed 1": Expected(
        r"^64 simulated triplets: triplets.parquet$", leaves="triplets.parquet"
    ),
    f"skysieve train deepstreaks streaks-set.parquet -o sieve-run/ {TINY_SIEVE}": Expected(
        r"(?s)^plausible \(test: \d+ streaks.*^labels: SIMULATED.*^sieve: sieve-run/sieve ",
        "streaks-set.parquet",
        "sieve-run/sieve/sieve.json sieve-run/sieve/README.md sieve-run/report.html",
    ),
    "skysieve train braai samples.parquet -o run/ --set training.epochs=2": Expected(
        JUDGED, "samples.parquet", "run/model/model.json run/report.html run/splits.parquet"
    ),
    f"skysieve train braai night/packets -o labelled/ {LABELLED} --set training.epochs=1": Expected(
        JUDGED, "night", "labelled/model/model.json labelled/report.html"
    ),
    "skysieve uncertainty bootstrap trained/ -o sure/": Expected(
        r"(?s)^test, 95% intervals by group:\n  roc_auc +[01]\.\d{4} \[.*^report: sure/",
        "trained",
        "sure/uncertainty-bootstrap.json sure/uncertainty-bootstrap.html",
    ),
    "skysieve uncertainty bootstrap braai-weak samples.parquet -o sure/ --split '' --replicates 50": Expected(
        r"^all labelled samples, 95% intervals", "samples.parquet", "sure/uncertainty-scores.parquet"
    ),
    f"skysieve uncertainty bootstrap trained/model samples.parquet -o sure/ --refits 2 {TINY}": Expected(
        r"^with the spread of training:", "trained samples.parquet", "sure/refit_1/model sure/refit_0/model"
    ),
    "skysieve uncertainty conformal trained/ -o sets/ --coverage 0.8": Expected(
        r"(?s)^sets of 0\.8 on test:\n  groups covered .*calibration",
        "trained",
        "sets/uncertainty-conformal.parquet",
    ),
    "skysieve uncertainty conformal trained/model samples.parquet -o sets/ --coverage 0.6 "
    "--method aps --class-conditional": Expected(
        r"samples covered, real ", "trained samples.parquet", "sets/uncertainty-conformal.json"
    ),
    "skysieve uncertainty dropout trained/model samples.parquet -o opinions/ --passes 5": Expected(
        r"(?s)^the mean opinion on test:.*^opinions: opinions/uncertainty-dropout.parquet$",
        "trained samples.parquet",
        "opinions/uncertainty-dropout.html",
    ),
    "skysieve uncertainty label-noise braai samples.parquet -o biased/ --fraction 0.1 "
    f"--from bogus --to real {TINY}": Expected(
        r"^wrong labels \(bogus to real\), judged on clean ones:\n  0 \(0 labels\) ",
        "samples.parquet",
        "biased/uncertainty-label-noise.svg biased/uncertainty-label-noise.json biased/noise_0.1/model",
    ),
    "skysieve uncertainty members trained/model samples.parquet -o opinions/": Expected(
        r"^the mean opinion on test:", "trained samples.parquet", "opinions/uncertainty-members.parquet"
    ),
    "skysieve uncertainty ood trained/model samples.parquet "
    "--against strange.parquet -o strangers/": Expected(
        r"(?s)^AUROC, outside against test:.*nearest",
        "trained samples.parquet strange.parquet",
        "strangers/uncertainty-ood-outside.parquet strangers/uncertainty-ood.json",
    ),
    f"skysieve uncertainty splits braai samples.parquet -o spread/ --splits 2 --seeds 2 {TINY}": Expected(
        r"^means and standard deviations:\n(?:  .*\n)*?  roc_auc +[01]\.\d{4}  seeds 0\.",
        "samples.parquet",
        "spread/split_1_seed_1/scores.parquet spread/uncertainty-splits.html",
    ),
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, streak_ground: Path) -> Path:
    """Return a folder of everything that examples start from."""
    folder = tmp_path_factory.mktemp("ground")
    shutil.copytree(streak_ground, folder, dirs_exist_ok=True)
    night = simulate_night(folder / "night", n=ALERTS, seed=1, bad_packets=True)
    with tarfile.open(folder / "night.tar.gz", "w:gz") as archive:
        archive.add(night.packets, "packets")
    write_triplet_samples(folder / "samples.parquet", n=100, seed=1)
    write_triplet_samples(folder / "strange.parquet", n=30, seed=2)
    train_small(folder)
    write_keras_weights(folder / "braai.weights.h5", KERAS_LAYERS)
    write_keras_weights(folder / "sl.weights.h5", STREAK_LAYERS)
    import_keras_model(folder / "braai.weights.h5", folder / "imported", norm="l2-per-cutout")
    write_images(folder)
    write_positions(folder / "positions.csv")
    write_braai(folder / "braai-data")
    write_streak_samples(folder / "streaks-set.parquet", n=100, seed=1)
    simulate_streak_night(folder / "streak-night", n=30, seed=1, bad_files=True)
    frame = simulate_streak_frame(3, seed=4, shape=(300, 320), lengths=(20.0, 60.0), peak_snrs=(10.0, 20.0))
    write_streak_frame(folder / "frame", frame)
    return folder


def train_small(folder: Path) -> None:
    """Leave a run of two small members, with large splits to choose and to judge on."""
    splits = {"train": 0.4, "validation": 0.3, "test": 0.3}
    small = {"network.name": "compact", "network.members": 2, "training.epochs": 1, "splits": splits}
    settings = override(BRAAI.configuration, {**small, "evaluation.replicates": 20})
    train_recipe(BRAAI, [folder / "samples.parquet"], folder / "trained", settings, progress=False)


def write_keras_weights(path: Path, layers: dict[str, tuple[int, ...]]) -> None:
    generator = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, shape in layers.items():
            weights = {
                f"{name}/kernel:0": generator.normal(0, 0.1, shape),
                f"{name}/bias:0": np.zeros(shape[-1]),
            }
            file.create_group(name).attrs["weight_names"] = [weight.encode() for weight in weights]
            for weight, array in weights.items():
                file[name][weight] = array.astype(np.float32)


def write_images(folder: Path) -> None:
    (folder / "cutouts").mkdir()
    rows = ["name,file,kind,part"]
    for number, kind in enumerate(["star", "galaxy", "star", "galaxy"]):
        pixels = np.random.default_rng(number).integers(0, 255, (24, 24), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "cutouts" / f"{number}.png")
        rows.append(f"s{number},{number}.png,{kind},{'test' if number > 1 else 'train'}")
    (folder / "table.csv").write_text("\n".join(rows) + "\n")


@pytest.fixture
def place(tmp_path: Path, ground: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the empty folder in which an example runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_positions(path: Path) -> None:
    rows = ["id,ra,dec,kind", "a,10.5,41.25,spiral", "b,10.5,41.2501,spiral", "c,359.9,-3,", "d,1,90,merger"]
    path.write_text("\n".join(rows) + "\n")


def write_braai(folder: Path) -> None:
    folder.mkdir()
    (folder / BRAAI_FILES[0].name).write_text("candid,label\n1,0\n2,1\n")
    np.save(folder / BRAAI_FILES[1].name, np.zeros((2, 63, 63, 3), "f4"))


def provide(ground: Path, place: Path, names: str) -> None:
    for name in names.split():
        source = ground / name
        if source.is_dir():
            shutil.copytree(source, place / name)
        else:
            shutil.copy(source, place / name)


def run(line: str) -> str:
    program, *words = shlex.split(line)
    assert program == "skysieve"
    result = CliRunner().invoke(application, words)
    assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception!r}"
    return result.stdout


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_examples_and_shows_them(words: tuple[str, ...]) -> None:
    epilog = COMMANDS[words].epilog or ""
    called = [line for line in EXAMPLES if f"`{line}`" in epilog]
    assert called
    assert all(shlex.split(line)[1 : 1 + len(words)] == list(words) for line in called)
    result = CliRunner().invoke(application, [*words, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert all(line in result.output for line in called)


def test_expectations_are_of_examples() -> None:
    assert not set(EXPECTED) - set(EXAMPLES), "expected, but the example of no command"


@pytest.mark.parametrize("line", EXAMPLES)
@pytest.mark.usefixtures("public_archives")
def test_example(line: str, ground: Path, place: Path) -> None:
    assert line in EXPECTED, f"say in EXPECTED what this example needs, says and leaves: {line}"
    expected = EXPECTED[line]
    provide(ground, place, expected.needs)
    said = run(line)
    assert re.search(expected.says, said, re.MULTILINE), said
    for name in expected.leaves.split():
        assert (place / name).exists(), f"{name} was not left by: {line}"


@pytest.mark.usefixtures("public_archives")
def test_what_examples_leave_is_sound(ground: Path, place: Path) -> None:
    provide(ground, place, "night")
    run("skysieve score braai-weak night/packets -o scores.parquet")
    scores = pq.read_table("scores.parquet")["score"].to_numpy()
    assert len(scores) == ALERTS + USABLE
    assert ((scores >= 0) & (scores <= 1)).all()
    run("skysieve simulate triplets triplets.parquet -n 64 --seed 1")
    assert len(SampleSet.open("triplets.parquet")) == 64
    run("skysieve fetch dataset braai -o braai-data/")
    assert read_braai("braai-data").label.tolist() == [0, 1]


@pytest.mark.parametrize("name", list(all_recipes()))
def test_printed_settings_can_be_given_back(name: str, ground: Path, place: Path) -> None:
    said = run(f"skysieve recipes {name}")
    settings = dict(re.findall(r"^  (\S+) +(\S.*)$", said, re.MULTILINE))
    assert settings
    configuration = find_recipe(name).configuration
    given = parse_assignments(f"{key}={value}" for key, value in settings.items())
    assert flatten(override(configuration, given)) == flatten(configuration)
