#!/bin/sh
# Replays every golden file: those of the tree, and those that CLGAN_GOLDEN names beside them (base 32, made where PyTorch is installed).
set -eu
here=${CLGAN_SRC:-$(dirname "$0")/../..}
./test_golden "$here"/tests/golden/*.safetensors ${CLGAN_GOLDEN-}
[ -n "${CLGAN_GOLDEN-}" ] || echo "base 32 and bigan-mlp: not replayed, CLGAN_GOLDEN names no files"
