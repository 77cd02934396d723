#!/bin/sh
# Builtin faces from end to end: a small model learns them within seconds, so that E reads age and gender of faces it has
# not seen, and what G draws follows the age and gender asked for; grids, reconstructions, transformations, quickstart's
# pictures.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device

cat >small.model <<'END'
clgan-model 1
name small-faces
step bcgan
image 32 32 3
latent normal 16
condition face
set tile 4
set lambda_x 3
set lambda_a 2
set ema 0.9
set lr_g 1e-3
set lr_d 1e-3
net G (z, c)
  fc linear 1024 nobias in=z,c initscale=c:1/sqrt(tile)
  shape 8 8 16
  bn0 batchnorm relu
  up1 deconv 16 k4 s2 p1 nobias
  bn1 batchnorm relu
  out deconv channels k4 s2 p1 tanh
net E (x, [noise])
  conv1 conv 16 k4 s2 p1 lrelu
  conv2 conv 16 k4 s2 p1 nobias
  bn2 batchnorm lrelu out=h
  z linear 2*latent reparam=noise in=h out=z
  c linear 1+gender in=h out=factors
net D (x, z, c) spectral
  conv1 conv 16 k4 s2 p1 lrelu
  conv2 conv 16 k4 s2 p1 lrelu
  fc linear 32 lrelu out=hx
  z1 linear 32 lrelu in=z out=hz
  joint linear 32 lrelu in=hx,hz out=h
  out linear 1 out=s
  proj linear 32 nobias in=c inscale=1/sqrt(tile) out=v
  score s + dot(v, h)
END
must "$CLGAN" train --model small.model --batch 16 --steps 80 --out run
says 'on builtin (10000 training images)' err

# E: correlation of its age with the true one, share of genders right, on faces it has not seen.
must "$CLGAN" encode -w run --data builtin --split test -n 300 -o test.csv
holds test "$(head -1 test.csv | cut -d, -f1-6)" = index,split,label_age,label_gender,age,gender
awk -F, 'NR > 1 { n++; x = $3; y = $5; sx += x; sy += y; xx += x * x; yy += y * y; xy += x * y; g += $4 == $6 }
  END { printf "%.3f %.3f\n", (n * xy - sx * sy) / sqrt((n * xx - sx * sx) * (n * yy - sy * sy)), g / n }' test.csv >read
echo "E: correlation with the true age, genders right: $(cat read)"
holds awk '{ exit !($1 > 0.6 && $2 > 0.7) }' read

# G: rows are ages, all of men first; columns share a code. E reads what was asked for.
must "$CLGAN" generate -w run --grid --age 0,80 --cols 3 -o grid.png
png_is grid.png 96 128
says 'rows: age 0 male, age 80 male, age 0 female, age 80 female' err
cell() { # X Y: E's age and gender of a part of the grid
  "$CLGAN" encode -q -w run grid.png --crop "$1,$2,32,32" -o cell.csv || problem "encode at $1,$2"
  sed -n 2p cell.csv | cut -d, -f2,3
}
for x in 0 32 64; do
  young=$(cell $x 0) old=$(cell $x 96)
  echo "column $x: $young, $old"
  holds awk "BEGIN { exit !(${old%,*} > ${young%,*} + 20) }"
  holds test "${young#*,}${old#*,}" = malefemale
done

# Ten ages by default; per gender; lists; ages beyond those learnt are said so.
works "$CLGAN" generate -w run --grid --gender female --cols 2 -o ten.png
png_is ten.png 64 320
says 'age 0 female, age 8.89 female,' err
says 'age 71.1 female, age 80 female' err
works "$CLGAN" generate -w run --grid --age 20:100:40,5 --gender male --cols 2 -o list.png
png_is list.png 64 128
says '--age 20:100:40,5: beyond 80' err
holds test "$(grep -c 'beyond 80' err)" -eq 1
says 'rows: age 20 male, age 60 male, age 100 male, age 5 male' err
works "$CLGAN" generate -w run -n 3 --age 30 --gender female -o row.png
fails 2 '--age -3' "$CLGAN" generate -w run --grid --age -3 -o bad.png
fails 2 '--age 999' "$CLGAN" generate -w run --grid --age 999 -o bad.png
fails 2 '--age old' "$CLGAN" generate -w run --grid --age old -o bad.png
fails 2 '--gender man' "$CLGAN" generate -w run --grid --gender man -o bad.png
fails 2 'use --age' "$CLGAN" generate -w run --grid --class 3 -o bad.png

# Pairs of builtin faces; a face of the grid at other ages, as the other gender, both.
works "$CLGAN" reconstruct -w run --data builtin -n 6 -o pairs.png
png_is pairs.png 128 96
works "$CLGAN" reconstruct -w run grid.png --crop 0,0,32,32 --age 90 --gender female -o pair.png
says 'beyond 80' err
works "$CLGAN" transform -w run grid.png --crop 0,0,32,32 --age 10,50 --gender both -o both.png
png_is both.png 192 32
says 'columns: original, reconstruction, age 10 male, age 50 male, age 10 female, age 50 female' err
works "$CLGAN" transform -w run grid.png --crop 0,0,32,32 -o ages.png
png_is ages.png 384 32

# quickstart draws with the models that are there: this one stands in for faces64.
if command -v bash >/dev/null 2>&1; then
  mkdir -p tree/models
  cp "$CLGAN_SRC/quickstart" tree/
  case $CLGAN in /*) program=$CLGAN ;; *) program=$(command -v "$CLGAN") ;; esac
  printf '#!/bin/sh\nexec "%s" "$@"\n' "$program" >tree/clgan
  chmod +x tree/clgan
  works bash tree/quickstart --pictures
  says 'no models' out
  works "$CLGAN" export -w run -o tree/models/faces64.safetensors
  works bash tree/quickstart --pictures
  says 'faces-grid.png' out
  says 'ageing.png' out
  png_is tree/quickstart-out/faces-grid.png 320 640
  png_is tree/quickstart-out/ageing.png 384 128
fi
passed
