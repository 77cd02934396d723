"""What the scripts that time a peer share: the layers, timing as clgan does it, rounds in turn with clgan, results of schema
clgan-bench/1 (docs/benchmarks.md). Not a program of its own; Python's standard library alone."""
import argparse
import datetime
import json
import math
import os
import pathlib
import platform
import signal
import subprocess
import sys
import tempfile
import time

SKIP = 77  # what test drivers count as skipped
# clgan's case, image height and width, channels in and out, kernel, stride, padding (src/ops/cases.c). A "deconv" is the same
# relation, from the small image with `out` channels to the large one.
WIDE = [("conv/wide 64-128", 32, 64, 128, 4, 2, 1), ("conv/wide 128-256", 16, 128, 256, 4, 2, 1),
        ("conv/wide 256-512", 8, 256, 512, 4, 2, 1), ("conv/wide 64-64 k3", 32, 64, 64, 3, 1, 1),
        ("conv/wide 3-64", 64, 3, 64, 4, 2, 1)]
DEEPBENCH = [("conv/deepbench 56x56 64-64 k3", 56, 64, 64, 3, 1, 1), ("conv/deepbench 28x28 128-128 k3", 28, 128, 128, 3, 1, 1),
             ("conv/deepbench 14x14 256-256 k3", 14, 256, 256, 3, 1, 1), ("conv/deepbench 7x7 512-512 k3", 7, 512, 512, 3, 1, 1),
             ("conv/deepbench 56x56 64-256 k1", 56, 64, 256, 1, 1, 0), ("conv/deepbench 28x28 512-128 k1", 28, 512, 128, 1, 1, 0),
             ("conv/deepbench 14x14 1024-256 k1", 14, 1024, 256, 1, 1, 0), ("conv/deepbench 7x7 2048-512 k1", 7, 2048, 512, 1, 1, 0)]
ENDS = [("conv/faces conv1", 64, 3, 32, 4, 2, 1), ("deconv/faces G.out", 64, 3, 32, 4, 2, 1)]
PASSES = ("forward", "data", "weights")


def skip(why):
    print(f"skipped: {why}")
    raise SystemExit(SKIP)


def flops(layer, batch):
    """Two operations a multiply-add of the direct product: the same for all three passes."""
    _, side, ci, co, k, stride, pad = layer
    out = (side + 2 * pad - k) // stride + 1
    return 2.0 * batch * out * out * co * ci * k * k


def interval(times):
    """Median and its 95 % interval by order statistics, the whole range below six (bench/stats.h)."""
    t, n, rank, total = sorted(times), len(times), 0, 0.0
    for k in range(n // 2):
        total += math.comb(n, k) / 2**n
        if total > 0.025:
            break
        rank = k + 1
    low, high = (t[rank - 1], t[n - rank]) if rank else (t[0], t[-1])
    return (t[n // 2] if n % 2 else (t[n // 2 - 1] + t[n // 2]) / 2), low, high


class limit:
    """with limit(seconds): what takes longer raises TimeoutError (as soon as Python has its turn again)."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        def late(number, frame):
            raise TimeoutError(f"did not finish within {self.seconds:g} s")
        self.before = signal.signal(signal.SIGALRM, late)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *error):
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.before)


def run_limited(words, seconds):
    """-> (status, stdout, stderr); TimeoutError after so many seconds (None: no limit), and nothing that it started goes on."""
    p = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        out, err = p.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"did not finish within {seconds:g} s") from None
    finally:
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        p.wait()
    return p.returncode, out, err


def row(case, phase, times, **more):
    median, low, high = interval(times)
    return {"case": case, "phase": phase, "median_s": median, "spread": (high - low) / 2 / median, "low_s": low,
            "high_s": high, "runs": len(times), **more}


def clock(work, least=0.02):
    """Seconds of one repetition of work(), which waits for its end: so many in a row that they take `least` seconds."""
    repeat = 1
    while True:
        start = time.perf_counter()
        for _ in range(repeat):
            work()
        seconds = time.perf_counter() - start
        if seconds >= least:
            return seconds / repeat
        repeat = max(2 * repeat, int(least / max(seconds, 1e-9) * repeat))


def arguments(about, out, layers=True):
    p = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--clgan", default="./clgan", help="the program (default ./clgan)")
    p.add_argument("--device", help="clgan's device (default: its own choice)")
    p.add_argument("--rounds", type=int, default=3, help="how often clgan and the peer take turns (default 3)")
    p.add_argument("--runs", type=int, default=3, help="runs of the peer in a round (default 3)")
    if layers:
        p.add_argument("--batch", type=int, default=64)
        p.add_argument("--layers", default="", help="only layers whose name holds this text (conv/wide 64-128, ...)")
        p.add_argument("--limit", type=float, default=60,
                       help="seconds after which the peer's compiling of a case is given up (60)")
    p.add_argument("--json", default=out, help=f"the peer's results (default {out})")
    p.add_argument("--clgan-json", default="clgan.json", help="clgan's results of the same rounds (default clgan.json)")
    return p


def machine():
    m = {"cores": os.cpu_count(), "system": platform.system(), "release": platform.release(),
         "architecture": platform.machine()}
    try:
        m["cpu"] = next(line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return m


def write(path, peer, version, device, rows):
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    root = {"schema": "clgan-bench/1", "date": date, "machine": machine(), "source": {"version": version, "peer": peer},
            "device": device, "rows": rows}
    pathlib.Path(path).write_text(json.dumps(root, indent=1) + "\n")


class Clgan:
    """clgan's side of the rounds: medians of each round become the times of its row."""

    def __init__(self, a):
        if not pathlib.Path(a.clgan).is_file():
            skip(f"{a.clgan} is not there: build clgan, or name it by --clgan")
        self.a, self.rows, self.root = a, {}, None

    def round(self, *words):
        device = ["--device", self.a.device] if self.a.device else []
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "r.json")
            done = subprocess.run([self.a.clgan, "bench", *words, *device, "--quick", "--quiet", "--json", path],
                                  stdout=subprocess.DEVNULL)
            if not os.path.exists(path):
                raise SystemExit(f"clgan bench {' '.join(words)} failed with status {done.returncode}")
            self.root = json.loads(pathlib.Path(path).read_text())
        for r in self.root["rows"]:
            self.rows.setdefault((r["case"], r["phase"]), []).append(r)
        return self.root

    def write(self):
        rows = []
        for (case, phase), rounds in self.rows.items():
            good = [r for r in rounds if r.get("runs") and not r.get("error")]
            if not good:
                rows.append(rounds[-1])
                continue
            # Of a probe, whose work is not the same in every round, the rates count: as times of the middle one's work.
            rate = next((k for k in ("gflops", "gbps") if case.startswith("device/") and k in good[0]), None)
            middle = sorted(good, key=lambda r: r[rate] if rate else r["median_s"])[len(good) // 2]
            times = [middle["median_s"] * middle[rate] / r[rate] if rate else r["median_s"] for r in good]
            rows.append({**middle, **row(case, phase, times)})
            for rate in ("gflops", "gbps", "share", "images_per_s"):
                if rate in middle:
                    rows[-1][rate] = middle[rate] * middle["median_s"] / rows[-1]["median_s"]
        pathlib.Path(self.a.clgan_json).write_text(json.dumps({**self.root, "rows": rows}, indent=1) + "\n")
        return rows


def layers(a, known):
    chosen = [layer for layer in known if a.layers in layer[0]]
    if not chosen:
        raise SystemExit(f"--layers {a.layers}: no layer's name holds that")
    return chosen


def show(peer, theirs, ours):
    """The peer's rows beside clgan's: how many times as fast clgan is."""
    ours = {(r["case"], r["phase"]): r for r in ours}
    print(f"{'case':46} {'clgan':>12} {peer:>24} {'ratio':>8}")
    for r in theirs:
        o = ours.get((r["case"], r["phase"]), {})
        text = [f"{x['median_s'] * 1e3:.2f} ms" if x.get("runs") else "-" for x in (o, r)]
        ratio = f"{r['median_s'] / o['median_s']:.2f}x" if o.get("runs") and r.get("runs") else ""
        print(f"{r['case']:46} {text[0]:>12} {text[1]:>24} {ratio:>8}  {r.get('error') or r.get('variant') or ''}".rstrip())


def run_layers(a, peer, version, device, make, known=WIDE):
    """Rounds in turn over the layers. make(layer, pass) gives a function of no arguments that does the work and waits for it
    (its attribute `variant`, where it has one, says how), None where the peer does not have the pass, or raises an error,
    which becomes the row's."""
    clgan, times, errors, work, chosen = Clgan(a), {}, {}, {}, layers(a, known)
    for layer in chosen:
        for p in PASSES:
            try:
                with limit(a.limit):
                    work[layer, p] = make(layer, p)
                    if work[layer, p]:
                        work[layer, p]()  # compiles, warms up
            except Exception as error:  # noqa: BLE001  whatever the peer raises is its result
                errors[layer, p] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
                print(f"{layer[0]} {p}: {errors[layer, p]}", file=sys.stderr)
    for k in range(a.rounds):
        print(f"round {k + 1} of {a.rounds}", file=sys.stderr)
        clgan.round("ops", "--only", ",".join(layer[0] for layer in chosen), "--batch", str(a.batch))
        for key, f in work.items():
            for _ in range(a.runs if f and key not in errors else 0):
                times.setdefault(key, []).append(clock(f))
    rows = []
    for layer in chosen:
        for p in PASSES:
            case = f"ops/{layer[0]}/{p}/batch{a.batch}"
            if (layer, p) in errors:
                rows.append({"case": case, "phase": p, "runs": 0, "error": errors[layer, p]})
            elif (layer, p) in times:
                variant = getattr(work[layer, p], "variant", None)
                rows.append(row(case, p, times[layer, p], **({"variant": variant} if variant else {})))
                rows[-1]["gflops"] = flops(layer, a.batch) / rows[-1]["median_s"] * 1e-9
    write(a.json, peer, version, device, rows)
    show(peer, rows, clgan.write())
    print(f"{a.json}, {a.clgan_json}: clgan bench compare {a.json} {a.clgan_json}")
