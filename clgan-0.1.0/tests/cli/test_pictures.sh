#!/bin/sh
# generate and reconstruct: sizes, conditions, codes from a file, damaged weights.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device
must tiny run 3
weights=run/checkpoint.safetensors

works "$CLGAN" generate --weights run --grid -o grid.png
png_is grid.png 280 280
works "$CLGAN" generate --weights $weights --grid -o again.png
holds cmp grid.png again.png
works "$CLGAN" generate --weights run --grid --seed 1 -o other.png
checks=$((checks + 1))
cmp -s grid.png other.png && problem 'another seed drew the same picture'
works "$CLGAN" generate -w run --grid --digit 3,5,0:8:4 --cols 4 -o part.png
png_is part.png 112 140
works "$CLGAN" generate -w run --grid --class 3,5,0:8:4 --cols 4 -o same.png
holds cmp part.png same.png
works "$CLGAN" generate -w run -n 7 -o seven.png
png_is seven.png 84 84
works "$CLGAN" generate -w run -n 7 --cols 7 -o row.png
png_is row.png 196 28

# Codes to a file and back; a grid of the same codes; x is N,C,H,W.
works "$CLGAN" generate -w run -n 4 --digit 9:6 -o four.safetensors
for word in '"x":{"dtype":"F32","shape":[4,1,28,28]' '"z":{"dtype":"F32","shape":[4,50]' \
  '"c":{"dtype":"F32","shape":[4,10]'; do
  says "$word" four.safetensors
done
works "$CLGAN" generate -w run --latent four.safetensors -o back.safetensors
holds cmp four.safetensors back.safetensors
works "$CLGAN" generate -w run --latent four.safetensors --grid -o grid4.png
png_is grid4.png 112 280
works "$CLGAN" generate -w run --latent four.safetensors -n 2 -o two.safetensors
says '"shape":[2,1,28,28]' two.safetensors
fails 2 'holds 4 codes' "$CLGAN" generate -w run --latent four.safetensors -n 5 -o bad.png
fails 1 'z [n,50]' "$CLGAN" generate -w run --latent $weights -n 5 -o bad.png

works "$CLGAN" reconstruct --weights run --data builtin -o pairs.png
png_is pairs.png 280 280
works "$CLGAN" reconstruct --weights run --data builtin --split train -n 3 -o three.png
png_is three.png 112 56
works "$CLGAN" reconstruct --weights run grid.png other.png --digit 4 --crop 28,28,28,28 -o files.png
png_is files.png 56 56
works "$CLGAN" reconstruct --weights run grid.png -o estimate.png
png_is estimate.png 56 28

# Asked for what the model does not have, or what does not exist; the output stays as it was.
echo keep >kept.png
cp kept.png kept
refused() { # STATUS WORD COMMAND...
  fails "$@" -o kept.png
  holds cmp kept.png kept
}
refused 2 '--digit 10' "$CLGAN" generate -w run --grid --digit 10
refused 2 '--class 10' "$CLGAN" generate -w run --grid --class 10
refused 2 'give one of them' "$CLGAN" generate -w run --grid --class 1 --digit 1
refused 2 '--digit 1,x' "$CLGAN" generate -w run --grid --digit 1,x
refused 2 '--digit 2.5' "$CLGAN" generate -w run --grid --digit 2.5
refused 2 '--digit 0:9:0' "$CLGAN" generate -w run --grid --digit 0:9:0
refused 2 '--digit' "$CLGAN" generate -w run --grid --digit 1,
refused 2 'use --class' "$CLGAN" generate -w run --grid --age 20
refused 2 '--gender' "$CLGAN" generate -w run --grid --gender both
refused 1 'nowhere' "$CLGAN" generate -w nowhere --grid
refused 1 'grid.png' "$CLGAN" generate -w grid.png --grid
refused 1 'four.safetensors' "$CLGAN" generate -w four.safetensors --grid
refused 1 'nowhere.png' "$CLGAN" reconstruct -w run nowhere.png
refused 1 'checkpoint' "$CLGAN" reconstruct -w run $weights
refused 2 'one class' "$CLGAN" reconstruct -w run grid.png --digit 1,2
refused 2 'crop' "$CLGAN" reconstruct -w run grid.png --crop 1,2
refused 2 'crop' "$CLGAN" reconstruct -w run grid.png --crop 270,0,28,28
head -c 200 grid.png >cut.png
refused 1 'cut.png' "$CLGAN" reconstruct -w run cut.png
fails 1 'kept.png' "$CLGAN" generate -w run --grid -o kept.png/grid.png

# A checkpoint cut at any byte, with a damaged header, or that is not what it says: neither drawn from nor gone on with.
size=$(wc -c <$weights)
header=$(od -An -tu4 -N4 $weights | tr -d ' ')
mkdir cut
cp $weights whole
for left in 0 7 8 9 100 $((header / 2)) $((header + 7)) $((header + 8)) $((header + 9)) $((size / 2)) \
  $((size - 4)) $((size - 1)); do
  head -c "$left" whole >cut/checkpoint.safetensors
  refused 1 'cut/checkpoint.safetensors' "$CLGAN" generate -w cut --grid
  fails 1 'cut/checkpoint.safetensors' "$CLGAN" train --resume cut --steps 9
  holds test "$(wc -c <cut/checkpoint.safetensors)" -eq "$left"
done
damaged() { # SED-SCRIPT
  sed -e "$1" whole >cut/checkpoint.safetensors
  cmp -s whole cut/checkpoint.safetensors && problem "no damage done by $1"
  refused 1 'cut/checkpoint.safetensors' "$CLGAN" generate -w cut --grid
  fails 1 'cut/checkpoint.safetensors' "$CLGAN" train --resume cut --steps 9
}
damaged 's/"data_offsets":\[0,/"data_offsets":[4,/'
damaged 's/"data_offsets":\[[1-9]/"data_offsets":[9/'
damaged 's/"F32"/"F99"/'
damaged 's/"options":"base=4/"options":"base=8/'
damaged 's/"format":"clgan/"format":"other/'
{ cat whole; printf x; } >cut/checkpoint.safetensors
refused 1 'cut/checkpoint.safetensors' "$CLGAN" generate -w cut --grid
passed
