#!/bin/sh
# seeds.sh SRC WORK: valid inputs for the fuzzer, in WORK/TARGET/seeds: the models, what the program itself writes, and
# PngSuite where it lies.
set -eu
src=$1 work=$2
CLGAN=${CLGAN:-$PWD/clgan}

if [ -d "$work/model/seeds" ]; then cp "$src"/models/*.model "$src"/tests/cli/*.model "$work/model/seeds/" 2>/dev/null || true; fi

# A model of a few kilobytes: checkpoints of the real ones are too long for a fuzzer to change usefully.
if [ -d "$work/safetensors/seeds" ] && [ ! -s "$work/safetensors/seeds/checkpoint" ]; then
  "$CLGAN" train -q --model "$src/tests/fuzz/cases/model/small.model" --data builtin --steps 1 \
    --out "$work/small-run" 2>"$work/small.err" || {
    echo "fuzz: the program made no checkpoint as a seed: $(cat "$work/small.err")" >&2
  }
  if [ -s "$work/small-run/checkpoint.safetensors" ]; then
    cp "$work/small-run/checkpoint.safetensors" "$work/safetensors/seeds/checkpoint"
    "$CLGAN" export -q --weights "$work/small-run" -o "$work/safetensors/seeds/export.safetensors"
    "$CLGAN" generate -q --weights "$work/small-run" -n 2 -o "$work/safetensors/seeds/generated.safetensors"
    [ ! -d "$work/png/seeds" ] || cp "$work/small-run/samples/"*.png "$work/png/seeds/"
  fi
fi
for suite in "${CLGAN_DATA:-/nonexistent}"/pngsuite "${CLGAN_DATA:-/nonexistent}"/PngSuite*; do
  if [ -d "$suite" ] && [ -d "$work/png/seeds" ]; then find "$suite" -name '*.png' -exec cp {} "$work/png/seeds/" \;; fi
done
