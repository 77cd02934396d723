#!/usr/bin/env python3
"""CLBlast's convgemm on the five wide layers, in turn with clgan.

Needs libclblast.so.1 and an OpenCL driver (Debian: apt-get install libclblast1), called through ctypes. CLBlast has the
forward pass alone; clgan's other passes are in its file all the same."""
import ctypes
import ctypes.util

import peer

a = peer.arguments(__doc__, "clblast.json")
a.add_argument("--platform", type=int, default=0, help="number of the OpenCL platform (default 0)")
a = a.parse_args()


def library(*names):
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    peer.skip(f"no {names[0]}: apt-get install libclblast1 ocl-icd-libopencl1")


cl, blast = library("libOpenCL.so.1"), library("libclblast.so.1")
size, pointer, u64 = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_uint64
for name in ("clCreateContext", "clCreateCommandQueue", "clCreateBuffer"):
    getattr(cl, name).restype = pointer


def check(status, what):
    if status:
        raise RuntimeError(f"{what}: status {status}")


def info(call, of, which):
    text = ctypes.create_string_buffer(512)
    check(call(pointer(of), which, size(512), text, None), "query")
    return text.value.decode(errors="replace")


def open_device():
    n = ctypes.c_uint()
    platforms, device, status = (pointer * 16)(), pointer(), ctypes.c_int()
    if cl.clGetPlatformIDs(16, platforms, ctypes.byref(n)) or n.value <= a.platform:
        peer.skip("no such OpenCL platform: clgan devices lists what there is")
    platform = platforms[a.platform]
    check(cl.clGetDeviceIDs(pointer(platform), u64(0xFFFFFFFF), 1, ctypes.byref(device), None), "clGetDeviceIDs")
    context = cl.clCreateContext(None, 1, ctypes.byref(device), None, None, ctypes.byref(status))
    check(status.value, "clCreateContext")
    queue = cl.clCreateCommandQueue(pointer(context), device, u64(0), ctypes.byref(status))
    check(status.value, "clCreateCommandQueue")
    facts = {"name": info(cl.clGetDeviceInfo, device.value, 0x102B), "type": "OpenCL",
             "platform": info(cl.clGetPlatformInfo, platform, 0x0902),
             "driver": info(cl.clGetDeviceInfo, device.value, 0x102D)}
    return context, pointer(queue), facts


context, queue, device = open_device()


def buffer(floats):
    """Filled with ones: times depend on neither zeros nor denormals."""
    status = ctypes.c_int()
    data = (ctypes.c_float * floats)(*([1.0] * floats))
    b = cl.clCreateBuffer(pointer(context), u64(1 | 32), size(4 * floats), data, ctypes.byref(status))
    check(status.value, "clCreateBuffer")
    return pointer(b)


def make(layer, which):
    if which != "forward":
        return None
    _, side, ci, co, k, stride, pad = layer
    out = (side + 2 * pad - k) // stride + 1
    x, w, y = buffer(a.batch * ci * side * side), buffer(co * ci * k * k), buffer(a.batch * co * out * out)
    sizes = [size(n) for n in (ci, side, side, k, k, pad, pad, stride, stride, 1, 1, co, a.batch)]

    def work():
        check(blast.CLBlastSconvgemm(151, *sizes, x, size(0), w, size(0), y, size(0), ctypes.byref(queue), None),
              "CLBlastSconvgemm")
        check(cl.clFinish(queue), "clFinish")

    work()
    got = (ctypes.c_float * 1)()  # the middle of an image, where no tap is outside: all ones, so the number of products
    at = (out // 2 * out + out // 2) * 4
    check(cl.clEnqueueReadBuffer(queue, y, 1, size(at), size(4), got, 0, None, None), "clEnqueueReadBuffer")
    if abs(got[0] - ci * k * k) > 1e-3 * ci * k * k:
        raise RuntimeError(f"wrong: an output is {got[0]:g} and not {ci * k * k}")
    return work


peer.run_layers(a, "CLBlast convgemm", "libclblast.so.1", device, make)
