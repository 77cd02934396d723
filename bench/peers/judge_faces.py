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
import pathlib
import sys
import tempfile
import time

from judging import arguments, cached, clgan, reconstructed, write  # first: leaves where a package is missing
from peer import skip
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file

AGES = list(range(0, 81, 8))


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
def generated(args, folder, *words):
    """-> pixels uint8 [n,h,w,c], and the file's tensors."""
    path = folder / "x.safetensors"
    clgan(args, "generate", "--seed", str(args.seed), *words, "-o", str(path))
    tensors = load_file(path)
    x = np.floor((tensors["x"].clip(-1, 1) + 1) * 127.5 + 0.5).astype(np.uint8)
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)), tensors


def at_every_age(args, folder):
    """-> pixels [gender, age, codes, h, w, c], the same codes everywhere."""
    grid = [generated(args, folder, "--grid", "--age", ",".join(map(str, AGES)), "--gender", g, "--cols", str(args.codes))[0]
            for g in ("male", "female")]
    return np.stack(grid).reshape(2, len(AGES), args.codes, *grid[0].shape[1:])


def like(args, folder, age, gender):
    """A face of its own code for each age and gender -> pixels uint8 [n,h,w,c]. A condition is linear in either: what the
    program makes of 0 and 80 years, male and female, tells the others."""
    n = len(age)
    _, t = generated(args, folder, "-n", str(max(n, 4)), "--age", "0,80", "--gender", "both")
    corner, years = t["c"][:4].astype(np.float64), (age / 80)[:, None]  # male, female of 0; male, female of 80
    young, old = (np.where(gender[:, None] > 0, corner[k + 1], corner[k]) for k in (0, 2))
    path = folder / "z.safetensors"
    save_file({"z": t["z"][:n], "c": (young + years * (old - young)).astype(np.float32)}, path)
    return generated(args, folder, "-n", str(n), "--latent", str(path))[0]


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
    faces = at_every_age(args, folder)
    told, logit, _ = read(net, faces.reshape(-1, *images.shape[1:]))
    told, logit = told.reshape(faces.shape[:3]), logit.reshape(faces.shape[:3])
    asked = np.broadcast_to(np.array(AGES, float)[None, :, None], told.shape)
    own = logit[:, 3:8].sum(1, keepdims=True) > 0
    out = {"generated": {"age_error": np.abs(told - asked).mean(), "slope": np.polyfit(asked.ravel(), told.ravel(), 1)[0],
                         "gender": float(((logit > 0) == np.array([0, 1])[:, None, None]).mean()),
                         "flip_70": float(((logit > 0) != own)[:, 9:].mean()), "n": told.size}}
    n = min(args.n, len(images))
    pick = np.random.default_rng(args.seed).permutation(len(images))[:n]
    fakes = like(args, folder, age[pick], gender[pick])
    real, fake = read(net, images[pick])[2], read(net, fakes)[2]
    half = n // 2
    out["distances"] = {"frechet": frechet(fake, real), "frechet_real": frechet(real[:half], real[half:2 * half]),
                        "kernel": kernel_distance(fake, real), "kernel_real": kernel_distance(real[:half], real[half:2 * half]),
                        "sharpness": sharpness(fakes), "sharpness_real": sharpness(images), "n": n}
    a, b = reconstructed(args, folder, args.data, n, images.shape[1:])
    known = {image.tobytes() for image in images}
    assert all(face.tobytes() in known for face in a), "the sheet's originals are not the test faces"
    d = (a.astype(np.float64) - b) / 255
    out["reconstruction"] = {"mae": np.abs(d).mean(), "mse": (d ** 2).mean(),
                             "psnr": (-10 * np.log10((d ** 2).mean((1, 2, 3)))).mean(), "n": n}
    return out


def main():
    p = arguments(__doc__, "estimator", float, 2000, "faces that distances compare", 8)
    p.add_argument("--data", type=pathlib.Path, required=True, help="packed set of faces (`clgan import`)")
    p.add_argument("--codes", type=int, default=100, help="generated at every age and gender (default 100)")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    if not args.data.exists():
        skip(f"{args.data} not found: `clgan import --format utkface FOLDER -o faces.safetensors` makes one")
    d = load_file(args.data)
    train, test = d["split"] == 0, d["split"] == 1
    age, gender = d["age"].astype(np.float64), d["gender"]
    net = cached(args, Estimator(d["images"].shape[3], d["images"].shape[1]),
                 lambda: train_estimator(args, d["images"][train], age[train], gender[train]))
    told, logit, _ = read(net, d["images"][test])
    result = {"estimator": skill(age[test], gender[test], told, logit)}
    if args.weights:
        with tempfile.TemporaryDirectory() as folder:
            result |= judge(args, net, d["images"][test], age[test], gender[test], pathlib.Path(folder))
    for part, figures in result.items():
        print(f"{part}: " + ", ".join(f"{k} {v:.4g}" for k, v in figures.items()))
    write(args, result)


if __name__ == "__main__":
    main()
