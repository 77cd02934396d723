#!/bin/sh
# `eval` on the builtin digits: figures are there, are the same from the cache, and follow the options; its page is whole;
# what cannot be measured is said in a line.
. "$(dirname "$0")/common.sh"
need_device

must tiny run 2
eval_run() { "$CLGAN" eval --weights run --data builtin -n 300 --judge-steps 60 "$@"; }
# The JSON less what may differ between runs, keys of objects one to a line.
figures() { grep -v '"seconds"' "$1"; }
value() { # KEY FILE: the value of a measure
  awk -v key="\"$1\":" '$1 == key { inside = 1 } inside && $1 == "\"value\":" { sub(/,$/, "", $2); print $2; exit }' "$2"
}

works eval_run --html page.html --json first.json
says "generated: read as the class asked for" out
says "1-nearest-neighbour accuracy" out
works eval_run --json second.json
figures first.json >a
figures second.json >b
holds cmp -s a b
says '"schema":	"clgan-eval/1"' first.json
for key in judge.accuracy asked.accuracy kept.label kept.own_label encoder.label reconstruction.mse reconstruction.psnr \
  reconstruction.ssim score frechet precision recall neighbours.accuracy; do
  holds test -n "$(value $key first.json)"
done
# The classifier has learnt; the model, after two steps, has not: the measures must tell them apart.
holds awk "BEGIN { exit !($(value judge.accuracy first.json) > 0.6) }"
holds awk "BEGIN { exit !($(value asked.accuracy first.json) < 0.4) }"
holds awk "BEGIN { exit !($(value reconstruction.mse first.json) > 0.02) }"

# The page is one file: pictures inside, nothing from elsewhere.
says '<!DOCTYPE html>' page.html
says 'data:image/png;base64,' page.html
holds test "$(grep -cE '(src|href)="?(https?:)?//' page.html)" -eq 0

# --json alone is on standard output, and nothing else.
works eval_run --seed 9 --json
cp out third.json
checks=$((checks + 1))
[ "$(head -c 1 out)" = '{' ] || problem "standard output is not JSON alone: $(head -1 out)"
holds test "$(value asked.accuracy third.json)$(value score third.json)" != "$(value asked.accuracy first.json)$(value score first.json)"

# A model without a condition: reconstruction and neighbours; the training items held out.
must "$CLGAN" train --model bigan-mlp --base 1 --batch 8 --data builtin --out bigan --steps 2 --set holdout=100
works "$CLGAN" eval --weights bigan --data builtin --split holdout --json bigan.json
holds test -n "$(value neighbours.accuracy bigan.json)"
holds test -z "$(value asked.accuracy bigan.json)"
says '"images":	100' bigan.json
says '"neighbours_among":	9900' bigan.json

# What cannot be done.
fails 2 '--weights' "$CLGAN" eval --data builtin
fails 2 '--data' "$CLGAN" eval --weights run
fails 2 'test, train or holdout' eval_run --split all
fails 2 'nothing was held out' eval_run --split holdout
fails 2 '.html' eval_run --html page.txt
fails 1 'no-such-file' "$CLGAN" eval --weights no-such-file --data builtin
fails 2 'no-such-set' "$CLGAN" eval --weights run --data no-such-set
idx train-only 20
fails 2 'no test items' "$CLGAN" eval --weights run --data train-only
fails 1 'no-folder' eval_run --html no-folder/page.html
mkdir small
{
  printf '\000\000\010\003\000\000\000\004\000\000\000\010\000\000\000\010'
  head -c 256 /dev/zero
} >small/train-images-idx3-ubyte
{
  printf '\000\000\010\001\000\000\000\004'
  head -c 4 /dev/zero
} >small/train-labels-idx1-ubyte
fails 2 '28x28' "$CLGAN" eval --weights run --data small --split train
passed
