#!/usr/bin/env python3
"""tinygrad's OpenCL backend on the five wide layers, in turn with clgan.

Needs tinygrad (pip install tinygrad; Python 3.11) and an OpenCL driver. DEV=CL is set here; CL_DEVICE and the like are
tinygrad's own. Its kernels are captured by TinyJit, so that only launches are timed; --beam N lets tinygrad search. Gradients
are those of Tensor.gradient; what is not compiled within --limit seconds is given up."""
import importlib.util
import os

import peer

a = peer.arguments(__doc__, "tinygrad.json")
a.add_argument("--beam", type=int, default=0, help="tinygrad's BEAM (default 0: its own rules)")
a = a.parse_args()
if importlib.util.find_spec("tinygrad") is None:
    peer.skip("no module named tinygrad: pip install tinygrad")
os.environ["DEV"] = "CL"
if a.beam:
    os.environ["BEAM"] = str(a.beam)
try:
    from importlib.metadata import version

    from tinygrad import Device, Tensor, TinyJit
    opened = Device["CL"]
except Exception as error:  # noqa: BLE001
    peer.skip(f"tinygrad finds no OpenCL device: {str(error).splitlines()[0]}")


def make(layer, which):
    _, side, ci, co, k, stride, pad = layer
    x = Tensor.randn(a.batch, ci, side, side).realize()
    w = Tensor.randn(co, ci, k, k).realize()

    out = (side + 2 * pad - k) // stride + 1
    dy = Tensor.randn(a.batch, co, out, out).realize()

    def run():
        y = x.conv2d(w, stride=stride, padding=pad)
        return (y if which == "forward" else y.gradient(x if which == "data" else w, gradient=dy)[0]).realize()

    jit = TinyJit(run)
    for _ in range(3):  # runs, captures, replays
        jit()
    opened.synchronize()

    def work():
        jit()
        opened.synchronize()

    return work


name = getattr(opened, "device_name", None) or "OpenCL device"
peer.run_layers(a, "tinygrad", version("tinygrad"),
                {"name": str(name), "type": "OpenCL", "platform": "tinygrad DEV=CL",
                 "driver": str(getattr(opened, "driver_version", "") or "not said")}, make)
