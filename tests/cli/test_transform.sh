#!/bin/sh
# transform and interpolate with the model that ships: sizes, what is drawn (asked of E), wrong use.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device
weights=$CLGAN_SRC/models/digits.safetensors
[ -f "$weights" ] || skip "no $weights"

# look IMAGE CROP: E's class, logits and code of a part of an image; a part of 28 x 28 is taken as it is.
look() {
  "$CLGAN" encode -q -w "$weights" "$1" --crop "$2" -o look.csv || problem "encode $1 --crop $2"
  sed -n '2s/^[^,]*,//p' look.csv
}
same() { # IMAGE IMAGE CROP: the same pixels there
  checks=$((checks + 1))
  "$CLGAN" encode -q -w "$weights" "$1" "$2" --crop "$3" -o same.csv || problem "encode $1 $2 --crop $3"
  [ "$(sed 's/^[^,]*,//' same.csv | sort -u | wc -l)" -eq 2 ] || problem "$1 and $2 differ at $3"
}

must "$CLGAN" transform -w "$weights" --data builtin -n 1 -o all.png
png_is all.png 336 28
says 'columns: original, reconstruction, class 0, class 1, ' err
must "$CLGAN" transform -w "$weights" --data builtin -n 2 --digit 3,8 -o some.png
png_is some.png 112 56
says 'original, reconstruction, class 3, class 8' err
right=0
for at in 56,0:3 84,0:8 56,28:3 84,28:8; do
  case $(look some.png "${at%:*},28,28") in "${at#*:}",*) right=$((right + 1)) ;; esac
done
echo "E finds the digit asked for in $right of 4 cells"
holds test "$right" -ge 3
# The first two columns are those of reconstruct.
must "$CLGAN" reconstruct -w "$weights" --data builtin -n 1 -o a.png
same all.png a.png 0,0,28,28
same all.png a.png 28,0,28,28
# Files, whose class E finds itself.
must "$CLGAN" transform -w "$weights" all.png some.png --crop 0,0,28,28 --digit 0:9:3 -o files.png
png_is files.png 168 56
same files.png all.png 0,0,28,28

# Refined: a second row for each image, a third cell; nearer, the bare ones as they were, twice the same.
must "$CLGAN" transform -w "$weights" some.png --crop 0,0,28,28 --digit 3 --refine 5 -o refined.png
png_is refined.png 84 56
says 'from its code, from the refined code' err
"$CLGAN" transform -q -w "$weights" some.png --crop 0,0,28,28 --digit 3 -o bare.png
same refined.png bare.png 28,0,28,28
same refined.png bare.png 56,0,28,28
must "$CLGAN" reconstruct -w "$weights" some.png --crop 0,0,28,28 --refine 5 -o triple.png
png_is triple.png 84 28
says 'refined right; L1 0.' err
holds test "$(sed -n 's/.*L1 0\.\([0-9]*\) -> 0\.\([0-9]*\) by 5 steps.*/1\1 1\2/p' err | awk '{print ($2 < $1)}')" = 1
same triple.png bare.png 28,0,28,28
must "$CLGAN" reconstruct -w "$weights" some.png --crop 0,0,28,28 --refine 5 -o again.png
holds cmp triple.png again.png
fails 2 '--refine 0' "$CLGAN" transform -w "$weights" a.png --refine 0 -o out.png

# interpolate: the ends are reconstructions, long sheets wrap, a folder gets a file for each.
"$CLGAN" reconstruct -q -w "$weights" some.png --crop 0,28,28,28 -o b.png
"$CLGAN" reconstruct -q -w "$weights" some.png --crop 0,0,28,28 -o a.png
must "$CLGAN" interpolate -w "$weights" a.png b.png --crop 0,0,28,28 --frames 2 -o ab.png
png_is ab.png 56 28
same ab.png b.png 28,0,28,28
must "$CLGAN" interpolate -w "$weights" b.png a.png --crop 0,0,28,28 --frames 2 -o ba.png
same ba.png a.png 28,0,28,28
works "$CLGAN" interpolate -w "$weights" a.png b.png --crop 0,0,28,28 -o line.png
png_is line.png 280 28
works "$CLGAN" interpolate -w "$weights" a.png b.png --crop 0,0,28,28 --frames 25 -o long.png
png_is long.png 560 56
same long.png line.png 0,0,28,28
must "$CLGAN" interpolate -w "$weights" a.png b.png --crop 0,0,28,28 --frames 3 --digit 7,8 -o new/frames/
png_is new/frames/frame-001.png 28 28
holds test "$(find new/frames | wc -l)" -eq 4
# The ends are what transform makes of the two images.
for end in a:000:7 b:002:8; do
  file=${end%%:*} digit=${end##*:} frame=${end#*:}
  "$CLGAN" transform -q -w "$weights" "$file.png" --crop 0,0,28,28 --digit "$digit" -o end.png
  holds test "$(look "new/frames/frame-${frame%:*}.png" 0,0,28,28)" = "$(look end.png 56,0,28,28)"
done

echo keep >kept.png
cp kept.png kept
refused() { # STATUS WORD COMMAND...
  fails "$@" -o kept.png
  holds cmp kept.png kept
}
refused 2 '--digit 10' "$CLGAN" transform -w "$weights" a.png --digit 10
refused 2 'use --class' "$CLGAN" transform -w "$weights" a.png --age 20
refused 2 'either images' "$CLGAN" transform -w "$weights"
refused 2 'either images' "$CLGAN" transform -w "$weights" a.png --data builtin
refused 2 'two images' "$CLGAN" interpolate -w "$weights" a.png
refused 2 'two images' "$CLGAN" interpolate -w "$weights" a.png b.png a.png
refused 2 'one class' "$CLGAN" interpolate -w "$weights" a.png b.png --digit 1,2,3
refused 2 '--frames 1' "$CLGAN" interpolate -w "$weights" a.png b.png --frames 1
fails 2 '.png' "$CLGAN" transform -w "$weights" a.png -o out.gif
fails 2 '.png or /' "$CLGAN" interpolate -w "$weights" a.png b.png -o out.gif
fails 1 'does not exist' "$CLGAN" transform -w "$weights" a.png -o nowhere/out.png
fails 1 'does not exist' "$CLGAN" interpolate -w "$weights" a.png b.png -o nowhere/out.png
fails 1 'kept.png' "$CLGAN" interpolate -w "$weights" a.png b.png -o kept.png/
fails 2 'too large' "$CLGAN" transform -w "$weights" --data builtin --split train -n 10000 -o out.png

# A model without a condition, of a single layer a net.
cat >flat.model <<'END'
clgan-model 1
step bigan
image 28 28 1
latent normal 4
condition none
net G (z)
fc linear 784 tanh
shape 28 28 1
net E (x)
z linear 4 out=z
net D (x, z)
fx linear 4 out=a
fz linear 4 in=z out=b
add in=a,b relu
o linear 1 out=s
score s
END
must "$CLGAN" train --model flat.model --data builtin --batch 8 --steps 1 --out flat
refused 2 'takes no condition' "$CLGAN" transform -w flat a.png
works "$CLGAN" interpolate -w flat a.png b.png --frames 4 -o flat.png
png_is flat.png 112 28
fails 2 'no hidden layer' "$CLGAN" encode -w flat a.png --features -o flat.csv
works "$CLGAN" encode -w flat --data builtin -n 3 -o flat.csv
holds test "$(head -1 flat.csv)" = index,split,label,z0,z1,z2,z3
passed
