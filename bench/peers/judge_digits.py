#!/usr/bin/env python3
"""Judges a digits model of clgan by a classifier that is not clgan's: a small CNN trained here, in PyTorch, on MNIST.

What it measures:
  asked   10,000 digits drawn by `clgan generate`: share that the classifier reads as the digit asked for;
  kept    the 10,000 test digits through `clgan reconstruct`, condition = the true label: share read as that label;
  mse     mean squared error of those reconstructions, pixels in [0,1].
The classifier must read at least 98.5 % of the real test digits, else nothing is judged.

Needs: torch, numpy, safetensors, pillow  (pip install torch numpy safetensors pillow). Without them, or without the
MNIST folder, it says so and leaves with status 77, which test drivers count as skipped.
"""
import gzip
import math
import pathlib
import struct
import sys
import tempfile
import time

from judging import arguments, cached, clgan, reconstructed, write  # first: leaves where a package is missing
from peer import skip
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.numpy import load_file

SIDE = 28


# --- MNIST ----------------------------------------------------------------------------------------------------------
def read_idx(folder, name):
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as f:
                data = f.read()
            break
    else:
        skip(f"{folder / name}[.gz] not found: --mnist names the folder of the four MNIST files")
    zero, kind, dims = struct.unpack_from(">HBB", data)
    shape = struct.unpack_from(f">{dims}I", data, 4)
    assert zero == 0 and kind == 8 and len(data) == 4 + 4 * dims + math.prod(shape), f"{path}: not an IDX file of bytes"
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dims).reshape(shape)


def load_mnist(folder):
    read = lambda part: (read_idx(folder, f"{part}-images-idx3-ubyte"), read_idx(folder, f"{part}-labels-idx1-ubyte"))
    return read("train"), read("t10k")


# --- the classifier -------------------------------------------------------------------------------------------------
class Classifier(nn.Module):
    """Images N,1,28,28 in [0,1] -> 10 logits."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 24, 3, 1, 1, bias=False), nn.BatchNorm2d(24)
        self.conv2, self.bn2 = nn.Conv2d(24, 48, 3, 1, 1, bias=False), nn.BatchNorm2d(48)
        self.conv3, self.bn3 = nn.Conv2d(48, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64)
        self.fc, self.out = nn.Linear(64 * 9, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = F.max_pool2d(F.relu(self.bn3(self.conv3(x))), 2)
        x = F.dropout(F.relu(self.fc(x.flatten(1))), 0.3, self.training)
        return self.out(x)


def as_input(pixels):
    return torch.from_numpy(np.ascontiguousarray(pixels, np.float32))[:, None]


@torch.no_grad()
def classify(net, images):
    """images: float32 [n,28,28] in [0,1] -> digits [n]."""
    net.eval()
    return np.concatenate([net(as_input(images[i:i + 500])).argmax(1).numpy() for i in range(0, len(images), 500)])


def shifted(x, generator):
    """Each image moved by up to two pixels either way, background moving in."""
    n = len(x)
    padded = F.pad(x[:, 0], (2, 2, 2, 2))
    at = torch.randint(0, 5, (2, n, 1), generator=generator) + torch.arange(SIDE)
    return padded[torch.arange(n)[:, None, None], at[0][:, :, None], at[1][:, None, :]][:, None]


def train_classifier(images, labels, epochs, seed):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    net, batch = Classifier(), 100
    x, y = as_input(images / np.float32(255)), torch.from_numpy(labels.astype(np.int64))
    steps = epochs * (len(x) // batch)
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, total_steps=steps)
    start = time.monotonic()
    for epoch in range(epochs):
        net.train()
        order = torch.randperm(len(x), generator=generator)
        for i in range(0, len(x) - batch + 1, batch):
            pick = order[i:i + batch]
            loss = F.cross_entropy(net(shifted(x[pick], generator)), y[pick])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        print(f"classifier: epoch {epoch + 1} of {epochs}, last loss {loss.item():.3f}, {time.monotonic() - start:.0f} s",
              file=sys.stderr)
    return net


def get_classifier(args, train, test):
    """From the cache, else trained (and cached). Its test accuracy is measured either way."""
    net = cached(args, Classifier(), lambda: train_classifier(*train, args.epochs, args.seed))
    accuracy = float((classify(net, test[0] / np.float32(255)) == test[1]).mean())
    print(f"classifier: {100 * accuracy:.2f} % of the {len(test[1])} test digits read right")
    if accuracy < 0.985:
        raise SystemExit("judge_digits: the classifier reads fewer than 98.5 %: delete its --cache, or raise --epochs")
    return net, accuracy


# --- clgan ----------------------------------------------------------------------------------------------------------
def generated(args, folder):
    """-> images float32 [n,28,28] in [0,1], digits asked for [n]."""
    path = folder / "x.safetensors"
    clgan(args, "generate", "-n", str(args.n), "--seed", str(args.seed), "-o", str(path))
    t = load_file(path)
    x, c = t["x"], t["c"]
    assert x.shape == (args.n, 1, SIDE, SIDE) and c.shape == (args.n, 10), (x.shape, c.shape)
    assert np.isin(c, (0, 1)).all() and (c.sum(1) == 1).all(), "c is not one-hot"
    assert np.abs(x).max() <= 1, "x leaves [-1,1]"
    return (x[:, 0] + 1) / 2, c.argmax(1)


def pictures_of(args, folder, test):
    """-> reconstructions uint8 [n,28,28] of the test digits, in their order. The sheet's own originals are compared with the
    test file, so that a wrong order or split cannot pass for a reconstruction."""
    originals, pictures = reconstructed(args, folder, args.mnist, len(test[0]), (SIDE, SIDE, 1))
    assert np.array_equal(originals[..., 0], test[0]), "the sheet's originals are not the test digits"
    return pictures[..., 0]


# --- judging --------------------------------------------------------------------------------------------------------
def share(right):
    """Share of True and its 95 % interval (Wilson), in per cent."""
    n, p, z = len(right), float(np.mean(right)), 1.959964
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {"percent": 100 * p, "low": 100 * (centre - half), "high": 100 * (centre + half), "n": n}


def per_digit(right, digit):
    return {str(k): round(100 * float(right[digit == k].mean()), 2) for k in range(10) if (digit == k).any()}


def judge(args, net, test, folder):
    x, asked = generated(args, folder)
    right = classify(net, x) == asked
    pictures = pictures_of(args, folder, test) / np.float32(255)
    kept = classify(net, pictures) == test[1]
    error = ((pictures.astype(np.float64) - test[0] / 255.0) ** 2).mean()
    return {"asked": share(right), "asked_by_digit": per_digit(right, asked), "kept": share(kept),
            "kept_by_digit": per_digit(kept, test[1]), "mse": float(error)}


def report(result):
    for key, what in (("asked", "generated digits recognised as asked"), ("kept", "label kept after reconstruction")):
        r = result[key]
        worst = min(result[f"{key}_by_digit"].items(), key=lambda item: item[1])
        print(f"{what}: {r['percent']:.2f} % (95 % interval {r['low']:.2f} to {r['high']:.2f}; {r['n']} digits; "
              f"worst: {worst[0]}, {worst[1]:.2f} %)")
    print(f"reconstruction mean squared error in [0,1]: {result['mse']:.4f}")


def main():
    p = arguments(__doc__, "classifier", int, 10000, "digits to generate", 3)
    p.add_argument("--mnist", type=pathlib.Path, required=True, help="folder of the four IDX files, plain or .gz")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    train, test = load_mnist(args.mnist)
    net, accuracy = get_classifier(args, train, test)
    if not args.weights:
        return
    with tempfile.TemporaryDirectory() as folder:
        result = judge(args, net, test, pathlib.Path(folder))
    report(result)
    write(args, {"classifier_percent": 100 * accuracy, **result})


if __name__ == "__main__":
    main()
