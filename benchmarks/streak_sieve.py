"""Streak cutouts a second: the shipped sieve against VGG6 of three families in PyTorch eager.

The reference is DeepStreaks with the smallest of its published networks, one in each of the families rb, sl
and kd: decode with Pillow, grey, resize to 144 pixels, divide by 255, batches of 32, `torch.inference_mode`.
That is in its favour: the original decoded every image anew for every model. Ours: every member of the
shipped sieve, the one-shot ones included: `Sieve.score(threads=cores)` through ONNX Runtime, and its rules.
Both decode the same JPEG bytes in memory, with the same number of threads for the networks, in turns of
a thousand cutouts. Rates of a night of 33,000 are printed from that: reading files, joining tables and
writing, which `skysieve score` does besides, are not in them.
"""

from __future__ import annotations

import argparse
import io
import os
import time

import numpy as np
import torch
from PIL import Image, ImageOps

from skysieve.models.sieve import Sieve
from skysieve.networks import build_network
from skysieve.sources.simulators.streaks import simulate_streaks
from skysieve.sources.streaks.cutout_file import decode_cutout

NIGHT, BLOCK, BATCH, DIFFERENT = 33_000, 1_000, 32, 3_000


def night_of_jpegs(different: int) -> list[bytes]:
    """Return simulated cutouts as JPEG files in memory."""
    files = []
    cutouts = simulate_streaks(different, seed=5, real_fraction=0.005, jpeg=False).cutouts
    for cutout in np.asarray(cutouts, np.uint8):
        file = io.BytesIO()
        Image.fromarray(cutout).save(file, "JPEG", quality=90)
        files.append(file.getvalue())
    return files


def decode_as_usual(files: list[bytes]) -> np.ndarray:
    """Return what the reference feeds its networks, shape (N, 1, 144, 144)."""
    images = [
        np.asarray(
            ImageOps.grayscale(Image.open(io.BytesIO(data))).resize((144, 144), Image.Resampling.BILINEAR)
        )
        for data in files
    ]
    return np.stack(images)[:, None].astype(np.float32) / 255


def main() -> None:
    """Run both in turns and print their rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cutouts", type=int, default=NIGHT)
    arguments = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(cores)
    torch.manual_seed(0)
    networks = [build_network("vgg6", shape=(1, 144, 144), outputs=1).eval() for _ in ("rb", "sl", "kd")]
    sieve = Sieve.load("streaks")
    files = night_of_jpegs(min(DIFFERENT, arguments.cutouts))
    seconds = {
        "reference, decoding": 0.0,
        "reference, networks": 0.0,
        "ours, decoding": 0.0,
        "ours, networks": 0.0,
    }

    def timed(name: str, began: float) -> float:
        now = time.perf_counter()
        seconds[name] += now - began
        return now

    sieve.score(np.zeros((BATCH, 1, 144, 144), np.float32), threads=cores)
    done = 0
    while done < arguments.cutouts:
        count = min(BLOCK, arguments.cutouts - done)
        block = [files[(done + number) % len(files)] for number in range(count)]
        began = time.perf_counter()
        usual = decode_as_usual(block)
        began = timed("reference, decoding", began)
        with torch.inference_mode():
            for network in networks:
                for start in range(0, count, BATCH):
                    torch.sigmoid(network(torch.from_numpy(usual[start : start + BATCH])))
        began = timed("reference, networks", began)
        images = np.stack([decode_cutout(data, item="cutout").grey for data in block])
        images = images[:, None].astype(np.float32)
        began = timed("ours, decoding", began)
        sieve.decide(sieve.score(images, threads=cores))
        timed("ours, networks", began)
        done += count
    members = len(sieve.members)
    print(
        f"{done:,} streak cutouts, {cores} threads; VGG6 x 3 in PyTorch eager against the {members} "
        "members of 'streaks'"
    )
    for name, spent in seconds.items():
        print(f"  {name:22s} {spent / done * 1e3:7.3f} ms a cutout")
    totals = {
        who: sum(spent for name, spent in seconds.items() if name.startswith(who))
        for who in ("reference", "ours")
    }
    for who, spent in totals.items():
        print(
            f"  {who:10s} {done / spent:8.0f} cutouts/s with decoding, a night of {NIGHT:,} in "
            f"{NIGHT * spent / done:.0f} s"
        )
    print(f"  ratio with decoding  x{totals['reference'] / totals['ours']:.2f}")
    print(f"  ratio of networks    x{seconds['reference, networks'] / seconds['ours, networks']:.2f}")


if __name__ == "__main__":
    main()
