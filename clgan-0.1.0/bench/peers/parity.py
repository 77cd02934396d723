#!/usr/bin/env python3
"""A clgan checkpoint in PyTorch: does the same code give the same picture?

Makes codes z (and conditions c), lets PyTorch draw them by the `sample` command of a script that states the models in
PyTorch (--reference; it is not part of this project), lets `clgan generate --latent` draw them, and compares the
images x number by number: the largest difference must be at most --tolerance (1e-4). Exit status 1 where it is not.

Needs: numpy, safetensors, and what the script needs, torch  (pip install torch numpy safetensors). Without them, or
without the script, it says so and leaves with status 77, which test drivers count as skipped.
"""
import argparse
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

SKIP = 77


def skip(why):
    print(f"skipped: {why}")
    raise SystemExit(SKIP)


for package in ("numpy", "safetensors", "torch"):
    if importlib.util.find_spec(package) is None:
        skip(f"no module named {package}: pip install torch numpy safetensors")

import numpy as np  # noqa: E402
from safetensors import safe_open  # noqa: E402
from safetensors.numpy import load_file, save_file  # noqa: E402


def checkpoint_of(weights):
    path = pathlib.Path(weights)
    return path / "checkpoint.safetensors" if path.is_dir() else path


def read_metadata(path):
    """-> model name, settings (base included) as a dict of texts."""
    with safe_open(path, "np") as f:
        meta = f.metadata() or {}
    if not meta.get("format", "").startswith("clgan-checkpoint/"):
        raise SystemExit(f"parity: {path}: not a checkpoint of clgan")
    return meta["model"], dict(line.split("=", 1) for line in meta["options"].splitlines())


def make_inputs(model, settings, n, seed):
    """z from the model's prior, c cycling through the digits, or through ages and genders."""
    random = np.random.default_rng(seed)
    if model == "faces64":
        age = np.linspace(0, 80, n)
        value = age / 80 if settings["age_range"] == "01" else age / 40 - 1
        parts = [value] + ([np.arange(n) % 2 * 2.0 - 1] if settings["gender"] == "on" else [])
        c = np.concatenate([np.repeat(p[:, None], int(settings["tile"]), 1) for p in parts], 1)
        return {"z": random.standard_normal((n, 128), np.float32), "c": c.astype(np.float32)}
    z = {"z": random.uniform(-1, 1, (n, 50)).astype(np.float32)}
    return z if model == "bigan-mlp" else {**z, "c": np.eye(10, dtype=np.float32)[np.arange(n) % 10]}


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"parity: {' '.join(command)}: status {done.returncode}\n{done.stdout.strip()}")


def draw_by_pytorch(args, model, settings, path, inputs, out):
    command = [sys.executable, str(args.reference), "sample", "--model", model, "--threads", "1",
               "--checkpoint", str(path), "--inputs", str(inputs), "--out", str(out)]
    if model != "bigan-mlp":
        command += ["--base", settings["base"]]
    if model == "faces64":
        command += ["--age-range", settings["age_range"], "--tile", settings["tile"]]
        command += [] if settings["gender"] == "on" else ["--no-gender"]
    run(command)
    return load_file(out)["x"]


def draw_by_clgan(args, path, inputs, out):
    run([args.clgan, "generate", "--weights", str(path), "--latent", str(inputs), "-o", str(out), "--quiet",
         *(["--device", args.device] if args.device else [])])
    return load_file(out)["x"]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--weights", required=True, help="checkpoint, released model or run folder")
    p.add_argument("--reference", type=pathlib.Path, required=True, help="the PyTorch script")
    p.add_argument("--clgan", default="./clgan", help="the program (default ./clgan)")
    p.add_argument("--device", help="passed on to the program")
    p.add_argument("--n", type=int, default=100, help="images (default 100)")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--tolerance", type=float, default=1e-4)
    args = p.parse_args()
    if not args.reference.exists():
        skip(f"{args.reference} not found: --reference names the PyTorch script")
    path = checkpoint_of(args.weights)
    model, settings = read_metadata(path)
    if model not in ("digits", "faces64", "bigan-mlp"):
        skip(f"the script knows digits, faces64 and bigan-mlp, not {model}")
    with tempfile.TemporaryDirectory() as folder:
        inputs = pathlib.Path(folder) / "z.safetensors"
        save_file(make_inputs(model, settings, args.n, args.seed), inputs)
        theirs = draw_by_pytorch(args, model, settings, path, inputs, inputs.with_name("pytorch.safetensors"))
        ours = draw_by_clgan(args, path, inputs, inputs.with_name("clgan.safetensors"))
    if theirs.size != ours.size or len(theirs) != len(ours):
        raise SystemExit(f"parity: PyTorch gives x {theirs.shape}, clgan {ours.shape}")
    largest = float(np.abs(theirs.reshape(ours.shape).astype(np.float64) - ours).max())
    same = largest <= args.tolerance      # false for a NaN
    print(f"{model}: {len(ours)} images, largest difference {largest:.2e}, "
          f"{'within' if same else 'MORE THAN'} {args.tolerance:g} (x spans {ours.min():.3f} to {ours.max():.3f})")
    raise SystemExit(0 if same else 1)


if __name__ == "__main__":
    main()
