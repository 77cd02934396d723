"""What the scripts that judge a model by a net of their own share: arguments, the net's cache, calls of clgan, results.
Not a program of its own. Importing it leaves with status 77 where a package is missing."""
import argparse
import json
import os
import pathlib
import subprocess

from peer import skip

try:
    import numpy as np
    import torch
    from PIL import Image
    from safetensors.torch import load_file, save_file
except ImportError as missing:
    skip(f"{missing}: pip install torch numpy safetensors pillow")

Image.MAX_IMAGE_PIXELS = None  # a sheet of thousands of cells is no attack


def arguments(about, net, kind, n, n_help, epochs):
    """@param net what the script's net is called; @param kind of its number of epochs."""
    p = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--weights", help=f"checkpoint, released model or run folder (without it: only train the {net})")
    p.add_argument("--clgan", default="./clgan", help="the program (default ./clgan)")
    p.add_argument("--device", help="passed on to the program")
    p.add_argument("--cache", type=pathlib.Path, help=f"{net}: read from here, or written here once trained")
    p.add_argument("--n", type=int, default=n, help=f"{n_help} (default {n})")
    p.add_argument("--epochs", type=kind, default=epochs, help=f"of the {net} (default {epochs})")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="of PyTorch")
    p.add_argument("--json", help="results as JSON to this file, or - for standard output")
    return p


def cached(args, net, train):
    """The net from the cache, else train(), which is cached then."""
    if args.cache and args.cache.exists():
        net.load_state_dict(load_file(args.cache))
        return net
    net = train()
    if args.cache:
        save_file({k: v.contiguous() for k, v in net.state_dict().items()}, args.cache)
    return net


def clgan(args, *words):
    command = [args.clgan, *words, "--weights", str(args.weights), "--quiet"]
    if args.device:
        command += ["--device", args.device]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr.strip()}")


def reconstructed(args, folder, data, n, shape):
    """The sheet of pairs of the first n test items of @p data -> originals and reconstructions, uint8 [n,h,w,c]."""
    path, (h, w, c) = folder / "sheet.png", shape
    clgan(args, "reconstruct", "--data", str(data), "--split", "test", "-n", str(n), "-o", str(path))
    with Image.open(path) as image:
        assert image.mode == ("RGB" if c == 3 else "L"), image.mode
        sheet = np.asarray(image).reshape(image.height, image.width, c)
    cells = sheet.reshape(len(sheet) // h, h, -1, w, c).transpose(0, 2, 1, 3, 4).reshape(-1, 2, h, w, c)[:n]
    return cells[:, 0], cells[:, 1]


def write(args, result):
    if not args.json:
        return
    text = json.dumps({"weights": args.weights, "seed": args.seed, **result}, indent=1, default=float)
    print(text) if args.json == "-" else pathlib.Path(args.json).write_text(text + "\n")
