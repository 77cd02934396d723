#!/usr/bin/env python3
"""PyTorch on the wide layers, on the 3-channel ends of faces64 and, with --reference, on the training steps, in turn with clgan.

Needs torch (pip install torch; for AMD's and NVIDIA's GPUs the builds that pytorch.org names); --torch-device cuda serves both. Of
the two memory formats the faster one counts for each layer and pass. Bias is added as the models do it; their activations,
which clgan's case of a 3-channel end has in the same kernel, are left out here.

--reference is a script that states the models in PyTorch and has a command `bench --model M --base N --batch N --steps N --device D
[--channels-last] [--compile]` that prints "median X ms/step"; it is not part of this project, and without it no step is timed.
Each step is timed eagerly and compiled (torch.compile), in both memory formats; the fastest counts."""
import importlib.util
import re
import sys

import peer

STEPS = (("digits", 32, 128), ("faces64", 32, 64), ("bigan-mlp", 32, 128))
WAYS = (("eager", ()), ("eager, channels last", ("--channels-last",)), ("compiled", ("--compile",)),
        ("compiled, channels last", ("--compile", "--channels-last")))
a = peer.arguments(__doc__, "pytorch.json")
a.add_argument("--torch-device", default="cpu", help="cpu, cuda or cuda:N (default cpu)")
a.add_argument("--threads", type=int, help="PyTorch's threads (default: its own choice)")
a.add_argument("--reference", help="script that times PyTorch's training steps: instead of the layers")
a.add_argument("--model", help="only this model's step")
a.add_argument("--base", type=int, help="width of the nets (default 32)")
a.add_argument("--steps", type=int, default=5, help="steps that are timed in a round (default 5)")
a.add_argument("--compile-limit", type=float, default=300, help="seconds for a compiled step, its compiling included; 0: eager only (300)")
a = a.parse_args()
if importlib.util.find_spec("torch") is None:
    peer.skip("no module named torch: pip install torch")
import torch  # noqa: E402

if a.threads:
    torch.set_num_threads(a.threads)
try:
    device = torch.device(a.torch_device)
except RuntimeError as error:
    raise SystemExit(f"--torch-device {a.torch_device}: {str(error).splitlines()[0]}")
if device.type != "cpu" and not torch.cuda.is_available():
    peer.skip(f"this PyTorch sees no {a.torch_device}: pip install a build for it (pytorch.org)")
gpu = device.type == "cuda"
facts = {"name": torch.cuda.get_device_name(device) if gpu else peer.machine().get("cpu", "CPU"),
         "type": "discrete GPU" if gpu else "CPU", "platform": "PyTorch", "driver": torch.__version__}


def in_format(layer, which, layout):
    name, side, ci, co, k, stride, pad = layer
    out = (side + 2 * pad - k) // stride + 1
    deconv, bias = name.startswith("deconv/"), "/faces" in name
    fill = {"device": device}
    big = torch.randn(a.batch, ci, side, side, **fill).contiguous(memory_format=layout)
    small = torch.randn(a.batch, co, out, out, **fill).contiguous(memory_format=layout)
    w = torch.randn(co, ci, k, k, **fill).contiguous(memory_format=layout)
    b = torch.randn(ci if deconv else co, **fill) if bias else None
    x, dy = (small, big) if deconv else (big, small)
    mask = [which == "data", which == "weights", False]

    def work():
        if which != "forward":
            torch.ops.aten.convolution_backward(dy, x, w, None, [stride] * 2, [pad] * 2, [1, 1], deconv, [0, 0], 1, mask)
        elif deconv:
            torch.nn.functional.conv_transpose2d(x, w, b, stride, pad)
        else:
            torch.nn.functional.conv2d(x, w, b, stride, pad)
        if gpu:
            torch.cuda.synchronize()

    work.variant = "channels last" if layout == torch.channels_last else "NCHW"
    work()
    return work


def make(layer, which):
    ways = [in_format(layer, which, layout) for layout in (torch.contiguous_format, torch.channels_last)]
    return min(ways, key=lambda way: min(peer.clock(way) for _ in range(3)))


def reference_step(model, base, batch, way):
    words = [sys.executable, a.reference, "bench", "--model", model, "--batch", str(batch), "--steps", str(a.steps),
             "--device", a.torch_device, *way, "--base", str(base),
             *(["--threads", str(a.threads)] if a.threads else [])]
    _, out, err = peer.run_limited(words, a.compile_limit if "--compile" in way else None)
    found = re.search(r"median ([0-9.]+) ms/step", out)
    if not found:
        raise RuntimeError((err.strip().splitlines() or ["it printed no median"])[-1][:200])
    return float(found.group(1)) * 1e-3


def time_model(clgan, model, base, batch):
    """Rounds in turn. -> the row of the fastest way."""
    case = f"train/{model}/base{base}/batch{batch}"
    times, errors = {}, {}
    ways = [w for w in WAYS if a.compile_limit or "--compile" not in w[1]]
    for k in range(a.rounds):
        print(f"{case}: round {k + 1} of {a.rounds}", file=sys.stderr)
        clgan.round("train", "--model", model, "--batch", str(batch), "--base", str(base))
        for name, way in ways:
            if name in errors:
                continue
            try:
                times.setdefault(name, []).append(reference_step(model, base, batch, way))
            except (RuntimeError, TimeoutError) as error:
                errors[name] = str(error)
                print(f"{case}, {name}: {error}", file=sys.stderr)
    done = {name: t for name, t in times.items() if name not in errors}
    for name, t in done.items():
        print(f"{case}, {name}: " + ", ".join(f"{s * 1e3:.1f}" for s in t) + " ms")
    if not done:
        return {"case": case, "phase": "step", "runs": 0, "error": "; ".join(f"{n}: {e}" for n, e in errors.items())[:300]}
    name = min(done, key=lambda n: peer.interval(done[n])[0])
    row = peer.row(case, "step", done[name], variant=name)
    if errors:
        row["note"] = "; ".join(f"{n}: {e}" for n, e in errors.items())[:300]
    return {**row, "images_per_s": batch / row["median_s"]}


def steps():
    clgan = peer.Clgan(a)
    chosen = [s for s in STEPS if a.model in (None, s[0])]
    if not chosen:
        raise SystemExit(f"--model {a.model}: one of " + ", ".join(s[0] for s in STEPS))
    rows = [time_model(clgan, model, a.base or base, batch) for model, base, batch in chosen]
    peer.write(a.json, "PyTorch", torch.__version__, facts, rows)
    peer.show("PyTorch", rows, clgan.write())
    print(f"{a.json}, {a.clgan_json}: clgan bench compare {a.json} {a.clgan_json}")


if a.reference:
    steps()
else:
    peer.run_layers(a, "PyTorch", torch.__version__, facts, make, peer.WIDE + peer.ENDS)
