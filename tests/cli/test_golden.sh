#!/bin/sh
# Replays every golden file: those of the tree; and base 32 with batch 7 and bigan-mlp, written anew by the reference script where that
# script (CLGAN_REFERENCE) and PyTorch (for PYTHON) are to be had.
set -eu
here=${CLGAN_SRC:-$(dirname "$0")/../..}
reference=${CLGAN_REFERENCE:-$here/../shared/reference/bcgan_torch.py}
python=${PYTHON:-python3}
./test_golden "$here"/tests/golden/*.safetensors

if [ ! -f "$reference" ]; then
  echo "base 32 and bigan-mlp: left out, no reference script (CLGAN_REFERENCE)"
  exit 0
fi
if ! "$python" -c 'import torch, safetensors' 2>/dev/null; then
  echo "base 32 and bigan-mlp: left out, $python has no torch and safetensors (PYTHON)"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Seed 8 for faces64: with most others an activation lies so near to zero that float32, PyTorch's too, decides about a slope by its
# rounding: `test_golden --host` shows it, and docs/RESULTS.md has the figures.
"$python" "$reference" golden --model bigan-mlp --batch 7 --out "$work/bigan-mlp.safetensors" >/dev/null
"$python" "$reference" golden --model digits --batch 7 --out "$work/digits-b32.safetensors" >/dev/null
"$python" "$reference" golden --model faces64 --batch 7 --seed 8 --out "$work/faces64-b32.safetensors" >/dev/null
./test_golden "$work"/*.safetensors
