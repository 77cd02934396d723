#!/usr/bin/env python3
"""CLBlast on the five wide layers, in turn with clgan.

Needs libclblast.so.1 and an OpenCL driver (Debian: apt-get install libclblast1), called through ctypes. Forward is its convgemm.
It has no gradients of convolutions: they are made of its gemm and im2col (weights) or col2im (data), image by image, as
frameworks on top of it do. Results are checked at one element."""
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


ROWS, PLAIN, TURNED, CROSS = 101, 111, 112, 151  # CLBlast's row-major, no and yes of transposing, cross-correlation


def gemm(a_turned, b_turned, m, n, k, one, one_at, other, other_at, keep, out, out_at):
    """out = one x other, [m, k] by [k, n], added to what is there if `keep`; `_at` in floats."""
    ld = size(m if a_turned == TURNED else k), size(k if b_turned == TURNED else n)
    check(blast.CLBlastSgemm(ROWS, a_turned, b_turned, size(m), size(n), size(k), ctypes.c_float(1), one, size(one_at), ld[0],
                             other, size(other_at), ld[1], ctypes.c_float(keep), out, size(out_at), size(n),
                             ctypes.byref(queue), None), "CLBlastSgemm")


def between(call, what, layer, source, source_at, to, to_at):
    _, side, ci, _, k, stride, pad = layer
    sizes = [size(n) for n in (ci, side, side, k, k, pad, pad, stride, stride, 1, 1)]
    check(call(CROSS, *sizes, source, size(source_at), to, size(to_at), ctypes.byref(queue), None), what)


def forward(layer, out):
    _, side, ci, co, k, stride, pad = layer
    x, w, y = buffer(a.batch * ci * side * side), buffer(co * ci * k * k), buffer(a.batch * co * out * out)
    sizes = [size(n) for n in (ci, side, side, k, k, pad, pad, stride, stride, 1, 1, co, a.batch)]

    def work():
        check(blast.CLBlastSconvgemm(CROSS, *sizes, x, size(0), w, size(0), y, size(0), ctypes.byref(queue), None),
              "CLBlastSconvgemm")

    # The middle of an image, where no tap is outside: all ones, so the number of products.
    return work, "convgemm", y, out // 2 * out + out // 2, ci * k * k


def data(layer, out):
    _, side, ci, co, k, stride, pad = layer
    image, taps = ci * side * side, ci * k * k
    w, dy = buffer(co * taps), buffer(a.batch * co * out * out)
    columns, dx, zero = buffer(taps * out * out), buffer(a.batch * image), ctypes.c_float(0)

    def work():
        check(cl.clEnqueueFillBuffer(queue, dx, ctypes.byref(zero), size(4), size(0), size(4 * a.batch * image), 0, None, None),
              "clEnqueueFillBuffer")  # col2im adds
        for n in range(a.batch):
            gemm(TURNED, PLAIN, taps, out * out, co, w, 0, dy, n * co * out * out, 0, columns, 0)
            between(blast.CLBlastScol2im, "CLBlastScol2im", layer, columns, 0, dx, n * image)

    middle = side // 2
    seen = sum(0 <= middle + pad - t and (middle + pad - t) % stride == 0 and (middle + pad - t) // stride < out for t in range(k))
    return work, "gemm + col2im, image by image", dx, middle * side + middle, co * seen * seen


def weights(layer, out):
    _, side, ci, co, k, stride, pad = layer
    image, taps = ci * side * side, ci * k * k
    x, dy = buffer(a.batch * image), buffer(a.batch * co * out * out)
    columns, dw = buffer(taps * out * out), buffer(co * taps)

    def work():
        for n in range(a.batch):
            between(blast.CLBlastSim2col, "CLBlastSim2col", layer, x, n * image, columns, 0)
            gemm(PLAIN, TURNED, co, taps, out * out, dy, n * co * out * out, columns, 0, n > 0, dw, 0)

    seen = sum(0 <= o * stride - pad < side for o in range(out))  # by the first tap
    return work, "im2col + gemm, image by image", dw, 0, a.batch * seen * seen


def make(layer, which):
    _, side, _, _, k, stride, pad = layer
    enqueue, variant, result, at, right = {"forward": forward, "data": data, "weights": weights}[which](
        layer, (side + 2 * pad - k) // stride + 1)

    def work():
        enqueue()
        check(cl.clFinish(queue), "clFinish")

    work.variant = variant
    work()
    got = (ctypes.c_float * 1)()
    check(cl.clEnqueueReadBuffer(queue, result, 1, size(4 * at), size(4), got, 0, None, None), "clEnqueueReadBuffer")
    if abs(got[0] - right) > 1e-3 * right:
        raise RuntimeError(f"wrong: element {at} is {got[0]:g} and not {right}")
    return work


peer.run_layers(a, "CLBlast", "libclblast.so.1", device, make)
