#!/usr/bin/env python3
"""The two peaks that `clgan bench devices` finds, beside those that C programs find on the same processor without OpenCL.

bench/peers/fma (chains of multiply-adds in registers, vector intrinsics) and bench/peers/stream (McCalpin's STREAM) take turns
with clgan on a CPU device; `make bench-peers` builds them. Bytes are what a program reads and writes: that a store first
fetches its line (write-allocate) is not counted, by neither side."""
import json
import pathlib
import subprocess
import sys

import peer

PEAKS = (("multiply-adds", "gflops", "GFLOP/s", 0.03), ("triad", "gbps", "GB/s", 0.10))
a = peer.arguments(__doc__, "roofline.json", layers=False)
a.add_argument("--peers", default="bench/peers", help="where fma and stream are (default bench/peers)")
a.add_argument("--pin", action="store_true", help="their threads stay on a processor each")
a.add_argument("--budget", type=float, default=5, help="seconds of clgan's part of a round; multiply-adds and bandwidth come first (5)")
a = a.parse_args()


def measure(program):
    path = pathlib.Path(a.peers) / program
    if not path.is_file():
        peer.skip(f"{path} is not there: make bench-peers, or name its folder by --peers")
    done = subprocess.run([str(path), "--runs", str(a.runs), *(["--pin"] if a.pin else [])], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{path}: status {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def best(rows, kind, rate):
    """The fastest of clgan's probes of a kind."""
    found = [r for r in rows if r["case"].startswith(f"device/{kind}") and r.get(rate) and not r.get("error")]
    if not found:
        raise SystemExit(f"clgan measured no device/{kind}: give it more time by --budget")
    return max(found, key=lambda r: r[rate])


clgan, multiplies, streams, rounds = peer.Clgan(a), {}, {}, []
for k in range(a.rounds):
    print(f"round {k + 1} of {a.rounds}", file=sys.stderr)
    root = clgan.round("devices", "--budget", str(a.budget))
    if root["device"].get("type") != "CPU":
        peer.skip(f"{root['device'].get('name')} is not the processor that the C programs run on: --device cpu")
    fma, stream = measure("fma"), measure("stream")
    for kernel in fma["kernels"]:
        multiplies.setdefault(kernel["chains"], []).append([kernel["flops"] / s * 1e-9 for s in kernel["seconds"]])
    for s in stream["streams"]:
        streams.setdefault(s["name"], (s["bytes"], []))[1].append(s["seconds"])
    rounds.append(root["rows"])

ours = clgan.write()
fastest = best(ours, "fma/float", "gflops")
chains = max(multiplies, key=lambda c: peer.interval(sum(multiplies[c], []))[0])
rates = sum(multiplies[chains], [])
how = f"{fma['isa']}, {chains} chains, {fma['threads']} threads{', pinned' if fma['pinned'] else ''}"
# A processor has one peak and no vector width of OpenCL's: it stands where clgan found its own. Seconds are those of 10^9.
rows = [peer.row(fastest["case"], fastest["phase"], [1 / r for r in rates], variant=how)]
rows[0]["gflops"] = 1 / rows[0]["median_s"]
for name, (size, times) in streams.items():
    rows.append(peer.row("device/" + name.replace(" ", "-"), "global memory", sum(times, []), variant=f"{stream['mib']} MiB arrays"))
    rows[-1]["gbps"] = size / rows[-1]["median_s"] * 1e-9
peer.write(a.json, "C", fma["isa"], {"name": peer.machine().get("cpu", "CPU"), "type": "CPU", "platform": "C", "driver": fma["isa"]},
           rows)

print(f"{'':14} {'clgan':>10} {'C':>10}          ratio of medians (of the rounds; of the best ones)")
theirs = ([peer.interval(r)[0] for r in multiplies[chains]],
          [streams["triad"][0] / peer.interval(t)[0] * 1e-9 for t in streams["triad"][1]])
for (what, rate, unit, bound), kind, row, c in zip(PEAKS, ("fma/float", "triad"), rows[:1] + [r for r in rows if r["case"] == "device/triad"],
                                                   theirs):
    mine = best(ours, kind, rate)
    found = [best(r, kind, rate)[rate] for r in rounds]
    each = [x / y for x, y in zip(found, c)]
    ratio = mine[rate] / row[rate]
    print(f"{what:14} {mine[rate]:10.1f} {row[rate]:10.1f} {unit:8} {ratio:.3f} "
          f"({min(each):.3f} to {max(each):.3f}; {max(found) / max(c):.3f})  "
          f"{'within' if abs(ratio - 1) <= bound else 'MORE THAN'} {bound:.0%}; {mine['case']} {mine.get('variant', '')}; {row['variant']}")
print(f"{a.json}, {a.clgan_json}: clgan bench compare {a.json} {a.clgan_json}")
