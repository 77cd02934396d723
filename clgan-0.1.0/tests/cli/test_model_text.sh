#!/bin/sh
# Model texts with mistakes: the file and the line are named, nothing is written; a good text of one's own trains.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
text=$CLGAN_SRC/models/digits.model

# mistake LINE-PATTERN SED-SCRIPT [WORD]: the message names bad.model:LINE of the first line that matches the pattern.
mistake() {
  line=$(grep -n -e "$1" "$text" | head -1 | cut -d: -f1)
  sed -e "$line$2" "$text" >bad.model
  cmp -s "$text" bad.model && problem "no mistake made by $2 on line $line"
  fails 1 "bad.model:$line" "$CLGAN" train --model bad.model --steps 1 --out run
  [ -z "${3:-}" ] || says "$3" err
}

mistake '^clgan-model 1' 's/1/7/'
mistake '^step' 's/bcgan/bgan/'
mistake '^image' 's/28 1/28 many/'
mistake '^latent' 's/uniform/gaussian/'
mistake '^condition' 's/10/0/'
mistake '^set lr_d' 's/2e-4/fast/'
mistake '^set lr_d' 's/lr_d/lr_e/'
mistake '  up1 ' 's/deconv/decomv/' 'deconv'
mistake '  up1 ' 's/k4/k0/'
mistake '  up1 ' 's/s2/s2 s2/'
mistake '  bn1 ' 's/batchnorm/batchnorm in=nobody/' 'nobody'
mistake '        shape 7 7' 's/7 7/7 8/'
mistake '  joint ' 's/hz/hq/' 'hq'
mistake '        score' 's/score.*/score t/'
mistake '^net E' 's/(x)/(y)/'
mistake '^condition' 's/10/1/' '2 to 256'
mistake '^condition' 's/10/257/' '2 to 256'
mistake '^condition' 's/class/clas/' 'class'
mistake '^image' 's/28 1/28 2/'
mistake '^image' 's/28 28/2000 28/'
mistake '^base' 's/32/0/'
mistake '^pixels' 's/-1 1/-1 2/'
mistake '^set batch' 's/128/0/'
mistake '^set beta1' 's/0.5/1/'
mistake '^set ema' 's/ema/age_range/'
mistake '^set ramp' 's/1000/many/'
mistake '  bn0 ' 's/bn0/fc/' 'fc'
mistake '  bn0 ' 's/relu/rely/' 'relu'
mistake '  fc ' 's/49/49.3/'
mistake '  fc ' 's|49|49/0|'
mistake '  fc ' 's/49/49)/'
mistake '  fc ' 's/49/wide/' 'wide'
mistake '  up2 ' 's/k4/k99/'
mistake '  out ' 's/conv 1/conv 2/'
mistake '  z ' 's/linear latent/linear 7/'

fails 2 'nowhere.model' "$CLGAN" train --model nowhere.model --steps 1 --out run
: >empty.model
fails 1 'empty.model' "$CLGAN" train --model empty.model --steps 1 --out run
head -c 3000 /dev/zero >zero.model
fails 1 'zero.model' "$CLGAN" train --model zero.model --steps 1 --out run
mkdir folder.model
fails 1 'folder.model' "$CLGAN" train --model folder.model --steps 1 --out run
sed '/^net D/,$d' "$text" >half.model
fails 1 'half.model' "$CLGAN" train --model half.model --steps 1 --out run
holds test ! -e run

need_device
sed 's/^name .*/name mine/; s/^latent .*/latent uniform 20/' "$text" >mine.model
must "$CLGAN" train --model mine.model --base 4 --batch 8 --steps 2
holds test -s run-mine/checkpoint.safetensors
works "$CLGAN" generate --weights run-mine -n 3 -o three.safetensors
says '"z":{"dtype":"F32","shape":[3,20]' three.safetensors

# The example of the documentation: 32x32 in colour, on the builtin digits in colour.
must "$CLGAN" train --model "$CLGAN_SRC/docs/examples/colour32.model" --base 4 --batch 8 --steps 3 --out run-colour
works "$CLGAN" generate -w run-colour --grid --class 0:9:3 --cols 5 -o colour.png
png_is colour.png 160 128
works "$CLGAN" reconstruct -w run-colour --data builtin -n 4 -o pairs.png
png_is pairs.png 128 64
works "$CLGAN" reconstruct -w run-colour colour.png -o estimate.png
png_is estimate.png 64 32
sed 's/^image .*/image 12 12 3/; s/shape 4 4/shape 1 1/; s/base\*16/base/; /up[123]/d' \
  "$CLGAN_SRC/docs/examples/colour32.model" >small.model
fails 1 'small.model' "$CLGAN" train --model small.model --steps 1 --out run
passed
