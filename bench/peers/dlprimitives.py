#!/usr/bin/env python3
"""DLPrimitives' own benchmark tool, dlprim_flops, in turn with clgan on the convolutions that both have.

DLPrimitives is in no package registry. It is built from its source (artyom-beilis/dlprimitives on GitHub), which asks for
cmake, a C++ compiler, Python and OpenCL's headers (Debian: apt-get install cmake g++ opencl-clhpp-headers ocl-icd-opencl-dev
libsqlite3-dev, by which it keeps compiled kernels). The tool's layers are a table in its source: four of clgan's case table
are among them, layers of residual networks (all eight where it is compiled with -DFULL_TEST). The first two lines here add the
others, the five wide ones before all:

    python3 bench/peers/dlprimitives.py --table >layers.txt
    sed -i '/ConvBM setups/r layers.txt' dlprimitives/tools/flops.cpp
    cmake -S dlprimitives -B dlprimitives/build -DUSE_ONNX=OFF -DUSE_HDF=OFF -DUSE_PYDLPRIM=OFF
    make -C dlprimitives/build dlprim_flops
    python3 bench/peers/dlprimitives.py --tool dlprimitives/build/dlprim_flops

A layer is found by its sizes, whatever its place in that table. The tool has batch 64 alone unless it is compiled with
-DFULL_TEST, and prints one rate for each pass, of about a second's launches, with one digit behind the point; it adds the
weights' gradient to what is there, and checks no result. Where its kernels do not compile (some do not on PoCL 3.1), rows say so."""
import os
import pathlib
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import peer

KNOWN = peer.WIDE + peer.DEEPBENCH
PASS = {"forward": "forward", "bwd-data": "data", "bwd-filt": "weights"}
LAYER = re.compile(r"(forward|bwd-data|bwd-filt) +b=(\d+) +k=(\d+) +p=(\d+) +s=(\d+) +in=(\d+) +out=(\d+) +g=(\d+) +D=(\d+)")
RATE = re.compile(LAYER.pattern + r" +([0-9.]+) GFlops[^\n]*?algo=([^\n]+)")
LAYERS_MOST = 200  # where the search for layers ends in any case

a = peer.arguments(__doc__, "dlprimitives.json")
a.set_defaults(runs=1)
a.add_argument("--tool", help="dlprim_flops, where it is not on PATH")
a.add_argument("--tool-device", help="PLATFORM:DEVICE for the tool (default: --device, or 0:0)")
a.add_argument("--scale", type=float, default=0.02,
               help="the tool's multiplier for its tests of multiply-adds and memory, which run at each of its starts (0.02)")
a.add_argument("--table", action="store_true", help="only print clgan's layers as lines for the tool's table")
a = a.parse_args()


def sizes(layer):
    """As the tool's lines have them: k, p, s, in, out, g, D."""
    _, side, ci, co, k, stride, pad = layer
    return k, pad, stride, ci, co, 1, side


if a.table:
    for k, pad, stride, ci, co, groups, side in map(sizes, KNOWN):
        print(f'            {{ {k:2}, {pad:2}, {stride:2}, {groups:2}, {ci}, {co}, {side}, "clgan" }},')
    raise SystemExit
tool = a.tool or shutil.which("dlprim_flops")
if not tool:
    peer.skip("no dlprim_flops on PATH, and no --tool names it: it is in no package registry; --help says how it is built")
if not os.access(tool, os.X_OK):
    peer.skip(f"--tool {tool} is not there, or no program")
where = a.tool_device or (a.device if a.device and re.fullmatch(r"\d+:\d+", a.device) else "0:0")


class Run:
    """with Run(index): the tool at one layer of its table, in a folder of its own, since it writes a report; ends with the block."""

    def __init__(self, index):
        self.index, self.text = index, ""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen([os.path.abspath(tool), f"-c{self.index}", where, str(a.scale)], cwd=self.folder.name,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        return self

    def read(self, seconds, until=None):
        """Adds to .text until it holds the pattern, the tool is done (True) or so many seconds have passed (False)."""
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            while not (until and until.search(self.text)):
                if not ready.select(max(0, end - time.monotonic())):
                    return False
                more = os.read(self.process.stdout.fileno(), 65536)
                if not more:
                    self.process.wait()
                    break
                self.text += more.decode(errors="replace")
        return True

    def trouble(self):
        lines = self.text.strip().splitlines() or ["it printed nothing"]
        last = next((line for line in reversed(lines) if "error: " in line), lines[-1])
        last = last.split("error: ")[-1].rsplit(">: ", 1)[-1]  # without the place in some temporary file
        return f"dlprim_flops ended with status {self.process.returncode}: {last}"[:200]

    def __exit__(self, *error):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()


def find(chosen):
    """-> {layer: its index in the tool's table}, and the device's name: the tool says a layer's sizes before it times it."""
    wanted, found, name = {sizes(layer): layer for layer in chosen}, {}, ""
    for index in range(LAYERS_MOST):
        with Run(index) as run:
            if not run.read(a.limit, LAYER):
                raise SystemExit(f"{tool} did not begin with a layer within {a.limit:g} s (--limit)")
            name = name or (re.findall(r"^Testing on (.+)$", run.text, re.M) or [""])[0]
            says = LAYER.search(run.text)
            if not says and run.process.returncode:
                raise SystemExit(f"{tool} at device {where}: {run.trouble()}")
            if not says:
                break  # behind the last one
            layer = wanted.get(tuple(int(x) for x in says.groups()[2:]))
            if layer:
                found.setdefault(layer, index)
        if len(found) == len(chosen):
            break
    return found, name


def measure(layer, index, times, variants, errors):
    """One run of the tool adds a time for each pass, or what went wrong."""
    with Run(index) as run:
        done = run.read(len(PASS) * a.limit)
        for m in RATE.finditer(run.text):
            if int(m.group(2)) != a.batch or not float(m.group(10)):
                continue
            key = layer, PASS[m.group(1)]
            times.setdefault(key, []).append(peer.flops(layer, a.batch) / float(m.group(10)) * 1e-9)
            variants[key] = m.group(11).strip()
        why = run.trouble() if done and run.process.returncode else f"no rate at batch {a.batch}" if done else \
            f"did not finish within {len(PASS) * a.limit:g} s"
    for p in peer.PASSES:
        if (layer, p) not in times:
            errors[layer, p] = why


chosen = peer.layers(a, KNOWN)
clgan = peer.Clgan(a)
found, name = find(chosen)
if not found:
    raise SystemExit(f"{tool} has none of these layers in its table: --table prints lines for it")
for layer in chosen:
    if layer not in found:
        print(f"{layer[0]}: not in the tool's table (--table)", file=sys.stderr)
times, variants, errors = {}, {}, {}
for k in range(a.rounds):
    print(f"round {k + 1} of {a.rounds}", file=sys.stderr)
    root = clgan.round("ops", "--cases", "wide,deepbench", "--only", ",".join(layer[0] for layer in found), "--batch", str(a.batch))
    for layer, index in found.items():
        for _ in range(a.runs if k == 0 or any((layer, p) in times for p in peer.PASSES) else 0):
            measure(layer, index, times, variants, errors)
rows = []
for layer in found:
    for p in peer.PASSES:
        case = f"ops/{layer[0]}/{p}/batch{a.batch}"
        if (layer, p) in times:
            rows.append(peer.row(case, p, times[layer, p], variant=variants[layer, p]))
            rows[-1]["gflops"] = peer.flops(layer, a.batch) / rows[-1]["median_s"] * 1e-9
        else:
            rows.append({"case": case, "phase": p, "runs": 0, "error": errors[layer, p]})
own = root.get("device", {})
device, _, platform = name.rpartition(" on ")
if device != own.get("name"):
    print(f"the tool ran on {name}, clgan on {own.get('name')}: --tool-device picks the tool's", file=sys.stderr)
peer.write(a.json, "DLPrimitives", pathlib.Path(tool).name,
           {"name": device or name or "OpenCL device", "type": "OpenCL", "platform": platform or "not said",
            "driver": own.get("driver", "not said") if device == own.get("name") else "not said"}, rows)
peer.show("DLPrimitives", rows, clgan.write())
print(f"{a.json}, {a.clgan_json}: clgan bench compare {a.json} {a.clgan_json}")
