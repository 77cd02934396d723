#!/usr/bin/env python3
"""Judges a face model of clgan by an age-and-gender estimator that is not clgan's: a small CNN trained here, in PyTorch, on the
training part of a packed set. Beside `clgan eval --json` it shows how far clgan's figures depend on clgan's own estimator.

What it measures:
  estimator    on the set's test part: mean age error, the same with every decade weighing alike, slope, gender;
  generated    codes of `clgan generate -o x.safetensors` at the ages 0, 8, ... 80 and both genders: the same against the asked;
  real-like    2,000 faces under conditions of real ones: Frechet and kernel distance in the estimator's 128 features, and sharpness;
  reconstructed  `clgan reconstruct --data` of test faces: mean absolute error in [0,1], PSNR.

Needs: torch, numpy, safetensors, pillow  (pip install torch numpy safetensors pillow). Without them, or without the set, it says so
and leaves with status 77, which test drivers count as skipped.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SKIP = 77


def skip(why):
    print(f"skipped: {why}")
    raise SystemExit(SKIP)


try:
    import numpy as np
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
    from PIL import Image
    from safetensors.numpy import load_file
    from safetensors.torch import load_file as load_torch
    from safetensors.torch import save_file
except ImportError as missing:
    skip(f"{missing}: pip install torch numpy safetensors pillow")

AGES = list(range(0, 81, 8))
Image.MAX_IMAGE_PIXELS = None      # a sheet of thousands of cells is no attack


# --- the estimator ----------------------------------------------------------------------------------------------------
class Estimator(nn.Module):
    """Images N,C,H,W in [-1,1], sides multiples of 16 -> (age / 40 - 1, gender's logit), 128 features."""

    def __init__(self, channels, side):
        super().__init__()
        layers, width = [], channels
        for out, stride in ((32, 2), (64, 2), (64, 1), (128, 2), (128, 1), (128, 2)):
            layers += [nn.Conv2d(width, out, 4 if stride == 2 else 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
            width = out
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(128 * (side // 16) ** 2, 128))
        self.out = nn.Linear(128, 2)

    def forward(self, x):
        features = F.relu(self.body(x))
        return self.out(features), features


def as_input(pixels):
    """uint8 [n,h,w,c] -> float32 [n,c,h,w] in [-1,1]."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def jittered(x, generator):
    """Turned, scaled, moved, mirrored, relit."""
    n = len(x)
    draw = lambda reach: (torch.rand(n, generator=generator) * 2 - 1) * reach
    angle, zoom = draw(12) * torch.pi / 180, 1 / (1 + draw(0.12))
    flip = torch.randint(0, 2, (n,), generator=generator) * 2.0 - 1
    cos, sin = zoom * angle.cos(), zoom * angle.sin()
    grid = torch.stack([torch.stack([flip * cos, -sin, draw(0.12)], 1), torch.stack([flip * sin, cos, draw(0.12)], 1)], 1)
    x = F.grid_sample(x, F.affine_grid(grid, x.shape, align_corners=False), padding_mode="border", align_corners=False)
    mean = x.mean((1, 2, 3), keepdim=True)
    return ((x - mean) * (1 + draw(0.2))[:, None, None, None] + mean + draw(0.2)[:, None, None, None]).clamp(-1, 1)


@torch.no_grad()
def read(net, pixels):
    """uint8 [n,h,w,c] -> ages in years, genders' logits, features, means over image and mirror image."""
    net.eval()
    parts = []
    for i in range(0, len(pixels), 250):
        x = as_input(pixels[i:i + 250])
        (a, f), (b, g) = net(x), net(x.flip(3))
        parts.append((((a + b) / 2).numpy(), ((f + g) / 2).numpy()))
    answers, features = (np.concatenate(p) for p in zip(*parts))
    return (answers[:, 0] + 1) * 40.0, answers[:, 1], features.astype(np.float64)


def weights_of(age, gender):
    group = 2 * np.minimum(age // 10, 15).astype(int) + gender
    return 1 / np.sqrt(np.bincount(group)[group])


def train_estimator(args, images, age, gender):
    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)
    net, batch = Estimator(images.shape[3], images.shape[1]), 100
    steps = int(args.epochs * len(images)) // batch
    weight = torch.from_numpy(weights_of(age, gender))
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    years, sex = torch.from_numpy(age / 40 - 1).float(), torch.from_numpy(gender).float()
    start = time.monotonic()
    for step in range(steps):
        net.train()
        pick = torch.multinomial(weight, batch, True, generator=generator)
        answer, _ = net(jittered(as_input(images[pick.numpy()]), generator))
        loss = 2 * F.l1_loss(answer[:, 0], years[pick]) + F.binary_cross_entropy_with_logits(answer[:, 1], sex[pick])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 99:
            print(f"estimator: step {step + 1} of {steps}, loss {loss.item():.3f}, {time.monotonic() - start:.0f} s", file=sys.stderr)
    return net


def skill(age, gender, told, logit):
    error, decade = np.abs(told - age), np.minimum(age // 10, 9)
    return {"age_error": error.mean(), "age_error_balanced": np.mean([error[decade == k].mean() for k in np.unique(decade)]),
            "slope": np.polyfit(age, told, 1)[0], "gender": float(((logit > 0) == (gender > 0.5)).mean()), "n": len(age)}


# --- clgan ------------------------------------------------------------------------------------------------------------
def clgan(args, *words):
    command = [args.clgan, *words, "--weights", str(args.weights), "--quiet"]
    if args.device:
        command += ["--device", args.device]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"judge_faces: {' '.join(command)}: status {done.returncode}\n{done.stderr.strip()}")


def generated(args, folder, n, *words, seed=None):
    """n faces -> pixels uint8 [n,h,w,c]."""
    path = folder / "x.safetensors"
    clgan(args, "generate", "-n", str(n), "--seed", str(args.seed if seed is None else seed), *words, "-o", str(path))
    x = load_file(path)["x"]
    return np.floor((x.clip(-1, 1) + 1) * 127.5 + 0.5).astype(np.uint8).transpose(0, 2, 3, 1).copy()


def at_every_age(args, folder, codes):
    """-> pixels [gender, age, codes, h, w, c]: `generate --age A --gender G -n codes` draws the same codes each time."""
    return np.stack([np.stack([generated(args, folder, codes, "--age", str(a), "--gender", g) for a in AGES])
                     for g in ("male", "female")])


def reconstructed(args, folder, images, n):
    """Sheet of pairs -> originals and reconstructions uint8 [n,h,w,c]; the originals must be test faces."""
    path = folder / "sheet.png"
    clgan(args, "reconstruct", "--data", str(args.data), "--split", "test", "-n", str(n), "-o", str(path))
    with Image.open(path) as image:
        sheet = np.asarray(image.convert("RGB" if images.shape[3] == 3 else "L")).reshape(image.height, image.width, -1)
    h, w, c = images.shape[1:]
    cells = sheet.reshape(sheet.shape[0] // h, h, sheet.shape[1] // w, w, c).transpose(0, 2, 1, 3, 4).reshape(-1, 2, h, w, c)[:n]
    known = {image.tobytes() for image in images}
    assert all(cell.tobytes() in known for cell in cells[:, 0]), "the sheet's originals are not the test faces"
    return cells[:, 0], cells[:, 1]


# --- distances ----------------------------------------------------------------------------------------------------------
def frechet(a, b):
    ca, cb = np.cov(a.T), np.cov(b.T)
    value, vector = np.linalg.eigh(ca)
    root = vector * np.sqrt(value.clip(0)) @ vector.T
    mixed = np.sqrt(np.linalg.eigvalsh(root @ cb @ root).clip(0)).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca) + np.trace(cb) - 2 * mixed)


def kernel_distance(a, b):
    k = lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3
    off = lambda m: (m.sum() - np.trace(m)) / (len(m) * (len(m) - 1))
    return float(off(k(a, a)) + off(k(b, b)) - 2 * k(a, b).mean())


def sharpness(pixels):
    grey = (pixels @ np.array([0.299, 0.587, 0.114]) if pixels.shape[3] == 3 else pixels[..., 0]).astype(np.float64)
    l = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * grey[:, 1:-1, 1:-1]
    return float(l.var((1, 2)).mean())


# --- judging ------------------------------------------------------------------------------------------------------------
def judge(args, net, images, age, gender, folder):
    faces = at_every_age(args, folder, args.codes)
    told, logit, _ = read(net, faces.reshape(-1, *images.shape[1:]))
    told, logit = told.reshape(faces.shape[:3]), logit.reshape(faces.shape[:3])
    asked = np.broadcast_to(np.array(AGES, float)[None, :, None], told.shape)
    own = logit[:, 3:8].sum(1, keepdims=True) > 0
    out = {"generated": {"age_error": np.abs(told - asked).mean(), "slope": np.polyfit(asked.ravel(), told.ravel(), 1)[0],
                         "gender": float(((logit > 0) == np.array([0, 1])[:, None, None]).mean()),
                         "flip_70": float(((logit > 0) != own)[:, 9:].mean()), "n": told.size}}
    n = min(args.n, len(images))
    pick = np.random.default_rng(args.seed).permutation(len(images))[:n]
    like = np.empty((n, *images.shape[1:]), np.uint8)
    for a in np.unique(age[pick]):
        for g in (0, 1):
            at = np.flatnonzero((age[pick] == a) & (gender[pick] == g))
            if len(at):
                like[at] = generated(args, folder, len(at), "--age", f"{a:g}", "--gender", ("male", "female")[g],
                                     seed=args.seed + 1 + 2 * int(a) + g)
    real, fake = read(net, images[pick])[2], read(net, like)[2]
    half = n // 2
    out["distances"] = {"frechet": frechet(fake, real), "frechet_real": frechet(real[:half], real[half:2 * half]),
                        "kernel": kernel_distance(fake, real), "kernel_real": kernel_distance(real[:half], real[half:2 * half]),
                        "sharpness": sharpness(like), "sharpness_real": sharpness(images), "n": n}
    a, b = reconstructed(args, folder, images, n)
    d = (a.astype(np.float64) - b) / 255
    out["reconstruction"] = {"mae": np.abs(d).mean(), "mse": (d ** 2).mean(),
                             "psnr": (-10 * np.log10((d ** 2).mean((1, 2, 3)))).mean(), "n": n}
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--weights", help="checkpoint, released model or run folder (without it: only train the estimator)")
    p.add_argument("--data", type=pathlib.Path, required=True, help="packed set of faces (`clgan import`)")
    p.add_argument("--clgan", default="./clgan", help="the program (default ./clgan)")
    p.add_argument("--device", help="passed on to the program")
    p.add_argument("--cache", type=pathlib.Path, help="estimator: read from here, or written here once trained")
    p.add_argument("--codes", type=int, default=100, help="generated at every age and gender (default 100)")
    p.add_argument("--n", type=int, default=2000, help="faces that distances compare (default 2000)")
    p.add_argument("--epochs", type=float, default=8, help="of the estimator (default 8)")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="of PyTorch")
    p.add_argument("--json", help="results as JSON to this file, or - for standard output")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    if not args.data.exists():
        skip(f"{args.data} not found: `clgan import --format utkface FOLDER -o faces.safetensors` makes one")
    d = load_file(args.data)
    train, test = d["split"] == 0, d["split"] == 1
    age, gender = d["age"].astype(np.float64), d["gender"]
    net = Estimator(d["images"].shape[3], d["images"].shape[1])
    if args.cache and args.cache.exists():
        net.load_state_dict(load_torch(args.cache))
    else:
        net = train_estimator(args, d["images"][train], age[train], gender[train])
        if args.cache:
            save_file({k: v.contiguous() for k, v in net.state_dict().items()}, args.cache)
    told, logit, _ = read(net, d["images"][test])
    result = {"estimator": skill(age[test], gender[test], told, logit)}
    if args.weights:
        with tempfile.TemporaryDirectory() as folder:
            result |= judge(args, net, d["images"][test], age[test], gender[test], pathlib.Path(folder))
    for part, figures in result.items():
        print(f"{part}: " + ", ".join(f"{k} {v:.4g}" for k, v in figures.items()))
    if args.json:
        text = json.dumps({"weights": args.weights, "seed": args.seed, **result}, indent=1, default=float)
        print(text) if args.json == "-" else pathlib.Path(args.json).write_text(text + "\n")


if __name__ == "__main__":
    main()
