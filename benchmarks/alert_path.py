"""Alerts a second on one core, from packet to row, against the usual recipe.

The usual recipe: ``fastavro.reader``, ``gzip``, ``astropy.io.fits``, the norm in numpy, the network
in PyTorch eager, chunks of 64. Ours: `skysieve.scoring`, by engine and precision. Both run in one
process on one core, interleaved, on the same packets and with the same weights; what is printed is
the ratio of the best rounds, the largest difference of the scores, and where our time goes.

The packets are simulated, and each is given a history of earlier detections as real packets carry
it: 57 public ZTF packets of the schemas 2.0 to 4.02 held 1 to 64 of them, 22 on average.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import fastavro
import numpy as np
import torch
from astropy.io import fits

from skysieve.evaluation.calibration import calibrator_from_json
from skysieve.models.model import WEIGHTS, Model
from skysieve.models.rebuild import build_network
from skysieve.scoring.rows import Rows, outcome_schema, score_alerts
from skysieve.sources.alerts.avro.container import iter_blocks
from skysieve.sources.alerts.reading import _reader_for as reader_for
from skysieve.sources.alerts.reading import alerts_from_blob
from skysieve.sources.alerts.stamps import decode_stamp
from skysieve.sources.inputs import Blob
from skysieve.sources.simulators.night import simulate_night
from skysieve.sources.simulators.packets import packet_bytes

CUTOUTS = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


#: Mean number of earlier detections in a packet.
HISTORY = 22


def realistic_packets(folder: Path, n: int) -> list[Blob]:
    """Return simulated packets with a history of the length that real ones have."""
    night = simulate_night(folder, n=n, seed=5)
    lengths = np.random.default_rng(5).poisson(HISTORY, n)
    blobs = []
    for path, length in zip(sorted(night.packets.glob("*.avro")), lengths, strict=True):
        with path.open("rb") as file:
            packet = next(iter(fastavro.reader(file)))
        candidate = packet["candidate"]
        history = [candidate | {"jd": candidate["jd"] - day} for day in range(1, length + 1)]
        stamps = tuple(packet[name]["stampData"] for name in CUTOUTS)
        data = packet_bytes(candidate, stamps, object_id=packet["objectId"], prv_candidates=history)
        blobs.append(Blob(path.name, data))
    return blobs


def usual_recipe(
    network: torch.nn.Module, calibrate: Callable[[torch.Tensor], torch.Tensor]
) -> Callable[[list[Blob]], np.ndarray]:
    """Return the usual way to score packets."""

    def read(blob: Blob) -> np.ndarray:
        packet = next(iter(fastavro.reader(io.BytesIO(blob.data))))
        stack = np.zeros((3, 63, 63), dtype=np.float32)
        for channel, name in enumerate(CUTOUTS):
            with (
                gzip.open(io.BytesIO(packet[name]["stampData"])) as file,
                fits.open(io.BytesIO(file.read()), ignore_missing_simple=True) as units,
            ):
                image = np.nan_to_num(units[0].data).astype(np.float32)
            image[np.abs(image) > 1e30] = 0
            norm = np.sqrt((image * image).sum())
            stack[channel, : image.shape[0], : image.shape[1]] = image / np.where(norm > 0, norm, 1)
        return stack

    def score(blobs: list[Blob]) -> np.ndarray:
        scores = []
        with torch.inference_mode():
            for start in range(0, len(blobs), 64):
                batch = np.stack([read(blob) for blob in blobs[start : start + 64]])
                scores.append(calibrate(network(torch.from_numpy(batch))).numpy())
        return np.concatenate(scores)

    return score


def ours(model: Model, engine: str, precision: str) -> Callable[[list[Blob]], np.ndarray]:
    """Return our way to score packets."""
    loaded = model.engine(engine=engine, precision=precision)
    schema = outcome_schema(model.description.classes, ("jd", "fid", "ra", "dec", "magpsf"))

    def score(blobs: list[Blob]) -> np.ndarray:
        rows = Rows(schema)
        for row in score_alerts((alert for blob in blobs for alert in alerts_from_blob(blob)), model, loaded):
            rows.add(row)
        return rows.take()["score"].to_numpy()

    return score


def stages(model: Model, blobs: list[Blob]) -> dict[str, float]:
    """Return microseconds an alert of each stage of ours, best of five rounds."""
    engine = model.engine()
    packets = [next(iter(iter_blocks(blob.data, item=blob.name))) for blob in blobs]
    records = [next(iter(reader_for(block.schema)[1].read_block(block, item="a"))) for block in packets]
    alerts = [next(iter(alerts_from_blob(blob))) for blob in blobs]
    images = np.zeros((64, 3, 63, 63), dtype=np.float32) + np.random.default_rng(0).normal(
        size=(1, 3, 63, 63)
    )
    images = images.astype(np.float32)

    def avro() -> None:
        for blob in blobs:
            for block in iter_blocks(blob.data, item=blob.name):
                for _ in reader_for(block.schema)[1].read_block(block, item="a"):
                    pass

    def stamps() -> None:
        for record in records:
            for data in record.cutouts:
                decode_stamp(data, item="a")

    def network() -> None:
        for _ in range(0, len(blobs), 64):
            engine(images)

    def rows() -> None:
        for _ in score_alerts(alerts, model, lambda batch: np.zeros(len(batch), dtype=np.float32)):
            pass

    timed = {"Avro": avro, "gunzip + FITS": stamps, "stack + row": rows, "norm + network": network}
    return {name: best_time(stage, 5) / len(blobs) * 1e6 for name, stage in timed.items()}


def best_time(run: Callable[[], object], rounds: int) -> float:
    """Return the shortest time of several rounds, in seconds."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--model", default="braai-weak")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    model = Model.load(arguments.model)
    with tempfile.TemporaryDirectory() as folder:
        blobs = realistic_packets(Path(folder), arguments.alerts)
    network = build_network(model.description, model.folder / WEIGHTS)
    runs: dict[str, Callable[[list[Blob]], np.ndarray]] = {
        "usual recipe": usual_recipe(network, calibrator_from_json(model.description.calibration)),
        "skysieve, onnxruntime float32": ours(model, "onnxruntime", "float32"),
        "skysieve, openvino float32": ours(model, "openvino", "float32"),
        "skysieve, openvino bfloat16": ours(model, "openvino", "bfloat16"),
    }
    best = dict.fromkeys(runs, float("inf"))
    scores = {name: run(blobs) for name, run in runs.items()}
    for _ in range(arguments.rounds):
        for name, run in runs.items():
            best[name] = min(best[name], best_time(lambda run=run: run(blobs), 1))
    reference, exact = best["usual recipe"], scores["skysieve, onnxruntime float32"]
    size = np.mean([len(blob.data) for blob in blobs]) / 1e3
    print(
        f"alert path, one core, {len(blobs)} simulated packets of {size:.0f} kB, "
        f"best of {arguments.rounds} rounds"
    )
    for name, seconds in best.items():
        rate = len(blobs) / seconds
        difference = np.abs(scores[name] - exact).max()
        print(f"  {name:32s} {rate:7.0f} alerts/s  x{reference / seconds:5.2f}  max |dp| {difference:.1e}")
    print("where the time goes (skysieve, onnxruntime float32), microseconds an alert:")
    for name, microseconds in stages(model, blobs).items():
        print(f"  {name:32s} {microseconds:7.0f}")


if __name__ == "__main__":
    main()
