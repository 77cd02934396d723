#!/bin/sh
# `eval` and `latent` of a face model, on the builtin faces at 16x16: figures are there, agree with each other and are the
# same from the cache; the page has its sheets.
. "$(dirname "$0")/common.sh"
need_device

cat >faces.model <<'EOF'
clgan-model 1
step bcgan
image 16 16 1
latent normal 8
condition face
base 4
net G (z, c)
  fc    linear 2*base*16 nobias in=z,c
        shape 4 4 2*base
  bn0   batchnorm relu
  up1   deconv base k4 s2 p1 nobias
  bn1   batchnorm relu
  out   deconv channels k4 s2 p1 tanh
net E (x)
  conv1 conv base k4 s2 p1 lrelu 0.2
  conv2 conv 2*base k4 s2 p1 lrelu 0.2 out=h
  z     linear latent in=h out=z
  c     linear 1+gender in=h out=factors
net D (x, z, c) spectral
  conv1 conv base k4 s2 p1 lrelu 0.2
  fc    linear 2*base lrelu 0.2 out=hx
  z1    linear 2*base lrelu 0.2 in=z out=hz
  joint linear 2*base lrelu 0.2 in=hx,hz out=h
  out   linear 1 in=h out=s
  proj  linear 2*base nobias in=c out=v
        score s + dot(v, h)
EOF
must "$CLGAN" train --model faces.model --data builtin --batch 8 --steps 2 --out run
eval_run() { "$CLGAN" eval --weights run --data builtin -n 220 --judge-steps 60 "$@"; }
figures() { grep -v '"seconds"' "$1"; }
value() { # KEY FILE [NAME]: the value (or another number) of a measure
  awk -v key="\"$1\":" -v name="\"${3:-value}\":" \
    '$1 == key { inside = 1 } inside && $1 == name { sub(/,$/, "", $2); print $2; exit }' "$2"
}

works eval_run --html page.html --json first.json
says 'generated: age error against the asked' out
says 'original found again by its reconstruction' out
works eval_run --json second.json
works eval_run --refine 3 --json refined.json
holds awk "BEGIN { exit !($(value refined.mae refined.json) < $(value refined.from refined.json)) }"
holds test "$(value refined.mae refined.json images)" = "$(value reconstruction.mae refined.json images)"
holds awk "BEGIN { d = $(value refined.from refined.json) - $(value reconstruction.mae refined.json); exit !(d < 0.002 && d > -0.002) }"
fails 2 '--refine 0' eval_run --refine 0
figures first.json >a
figures second.json >b
holds cmp -s a b
for key in judge.age_error judge.age_error_balanced judge.slope judge.gender asked.age_error asked.slope asked.gender \
  asked.flip_70 asked.flip_step transformed.age_error transformed.slope transformed.gender transformed.flip_70 \
  reconstruction.mae reconstruction.psnr reconstruction.ssim found.reconstruction found.transformed frechet kernel \
  precision recall sharpness reconstruction.sharpness; do
  holds test -n "$(value $key first.json)"
done
# The estimator has learnt a little; the model, after two steps, follows no age. Intervals hold their values.
holds awk "BEGIN { exit !($(value judge.age_error first.json) < 20 && $(value judge.slope first.json) > 0.2) }"
holds awk "BEGIN { exit !($(value asked.slope first.json) < 0.5 * $(value judge.slope first.json)) }"
holds awk "BEGIN { exit !($(value frechet first.json) > 3 * $(value frechet first.json real)) }"
for key in judge.age_error judge.slope asked.age_error transformed.age_error reconstruction.mae sharpness; do
  holds awk "BEGIN { v = $(value $key first.json); exit !($(value $key first.json low) <= v && v <= $(value $key first.json high)) }"
done
# 220 images: 10 codes, both genders, 11 ages.
holds test "$(value asked.age_error first.json images)" = 220
says '"by_age"' first.json
says '"autoencoder"' first.json
says 'data:image/png;base64,' page.html
says '<polyline' page.html
holds test "$(grep -cE '(src|href)="?(https?:)?//' page.html)" -eq 0

works "$CLGAN" latent --weights run --data builtin -n 200 --html latent.html --json latent.json
says '"label":	"gender"' latent.json
says '"label":	"decade of age"' latent.json
says '"r2"' latent.json
says 'decade of age' latent.html

fails 2 'no-such-set' "$CLGAN" eval --weights run --data no-such-set
passed
