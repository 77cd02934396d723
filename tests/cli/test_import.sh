#!/bin/sh
# import: mistakes on the command line, interruption, a table of images to a trained model whose classes have names, and
# a set in MNIST's format that is not digits.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

printf 'file,class\nx.png,cat\n' >labels.csv
printf 'file,kind\nx.png,cat\n' >other.csv
: >empty.csv
mkdir folder
import() { "$CLGAN" import "$@"; }
fails 2 '--format F is missing: mnist, csv' import labels.csv -o set.safetensors
fails 2 "did you mean 'mnist'" import --format mnst labels.csv -o set.safetensors
fails 2 'SRC is missing' import --format csv -o set.safetensors
fails 2 'one SRC only' import --format csv labels.csv other.csv -o set.safetensors
fails 2 'nowhere.csv' import --format csv nowhere.csv -o set.safetensors
fails 2 'is a folder' import --format csv folder -o set.safetensors
fails 2 'is no folder' import --format mnist labels.csv -o set.safetensors
fails 2 '-o OUT' import --format csv labels.csv
fails 2 'ending in .safetensors' import --format csv labels.csv -o labels.csv
fails 1 'nowhere' import --format csv labels.csv -o nowhere/set.safetensors
for size in 0 64x 1025 x8 8x8x8 6.5; do
  fails 2 "--size $size" import --format csv labels.csv --size $size -o set.safetensors
done
for fraction in -0.1 0.95 x; do
  fails 2 "--test-fraction" import --format csv labels.csv --test-fraction=$fraction -o set.safetensors
done
fails 2 '--channels 2' import --format csv labels.csv --channels 2 -o set.safetensors
fails 2 '--channels 4' import --format csv labels.csv --channels 4 -o set.safetensors
fails 2 '--labels: --format csv has no folder of labels' import --format csv labels.csv --labels folder -o set.safetensors
fails 2 '--labels nowhere: no such folder' import --format ffhq folder --labels nowhere -o set.safetensors
fails 1 'no image in it' import --format ffhq folder -o set.safetensors
fails 1 'no image in it' import --format utkface folder -o set.safetensors
fails 2 'is no folder' import --format utkface labels.csv -o set.safetensors
fails 1 'no column `class`' import --format csv other.csv -o set.safetensors
fails 1 'empty.csv' import --format csv empty.csv -o set.safetensors
fails 2 'idx' import --format mnist folder -o set.safetensors
idx few 20
fails 2 'split of its own' import --format mnist few --test-fraction 0.1 -o set.safetensors
checks=$((checks + 1))
import --format csv labels.csv -o set.safetensors >out 2>err && problem 'a set of no images was written'
says 'x.png' err
says 'none of its 1 files' err
holds test ! -e set.safetensors

# Ctrl-C in the midst of many files (a pipe holds the import there) keeps what was read, and the same command goes on.
awk 'BEGIN { print "file,class"; for (i = 1; i <= 5000; i++) print i == 20 ? "pipe,cat" : "few/train-images-idx3-ubyte,cat" }' >long.csv
mkfifo pipe
"$CLGAN" import --quiet --format csv long.csv -o set.safetensors >out 2>err &
pid=$!
children="$children $pid"
until [ "$(grep -c 'left out' err)" -ge 19 ]; do sleep 0.1; done
kill -INT $pid
sleep 0.1
: >pipe
wait $pid
holds test $? -eq 1
says 'stopped after 19 files; the same command goes on from there' err
holds test -z "$(find . -name '*.tmp')"
holds test ! -e set.safetensors
rm pipe
checks=$((checks + 1))
"$CLGAN" import --format csv long.csv -o set.safetensors >out 2>err && problem 'a set of no images was written'
says 'goes on after 19 of 5000 files' err
says 'none of its 5000 files can be used' err
holds test ! -e set.safetensors.part

works import --format mnist few -o few.safetensors
says '20 images of 28x28, 1 channel, 20 for training, 0 for testing' err
works import --format mnist few --size 14x20 --channels 3 -o small.safetensors
says '"images":{"dtype":"U8","shape":[20,14,20,3]' small.safetensors

# Some of UTKFace, where it is: names in every form, copies, contradictions; the training in two steps comes below.
faces=${CLGAN_DATA:-$CLGAN_SRC/../shared/data}/utkface
if [ -d "$faces" ]; then
  mkdir utk
  for name in "$faces"/*77.jpg.chip.jpg "$faces"/39_1_2017*.jpg "$faces"/24_0_1_2017011622022465*.jpg \
    "$faces"/21_0_4_20161223214835183* "$faces"/23_1_1_20170103223013127*; do
    ln -s "$name" utk/
  done
  works import --format utkface utk -o utk.safetensors
  says 'are the same bytes under different labels, 21 years male and 23 years female' err
  says '4 copies of each other' err
  "$CLGAN" import --format utkface utk -o again.safetensors 2>again.err
  holds cmp utk.safetensors again.safetensors
fi

need_device
if [ -f utk.safetensors ]; then
  must "$CLGAN" train --model faces64 --base 4 --batch 4 --steps 2 --data utk.safetensors --out run-utk
fi
# Images of three classes, drawn by a model; two copies, one of them under another class; a file that is no image.
must tiny run 1
mkdir -p pets/img
echo 'file,class' >pets/labels.csv
number=0
for name in cat 'dog, big' eel; do
  for _ in 1 2; do
    number=$((number + 1))
    works "$CLGAN" generate -w run -n 1 --seed $number -o "pets/img/$number.png"
    echo "img/$number.png,\"$name\"" >>pets/labels.csv
  done
done
cp pets/img/1.png pets/img/copy.png
cp pets/img/3.png pets/img/lie.png
echo 'no image' >pets/img/text.png
printf 'img/copy.png,cat\r\nimg/lie.png,eel\r\n\r\nimg/text.png,eel' >>pets/labels.csv
must "$CLGAN" import --format csv pets/labels.csv --size 28 --channels 1 --test-fraction 0 -o pets.safetensors
says '5 images of 28x28, 1 channel, 5 for training, 0 for testing' err
says 'left out: 1 that cannot be read, 1 copies of others, 2 copies of each other under different labels' err
says 'pets/img/text.png' err
says 'cat' pets.safetensors
must "$CLGAN" import --format csv pets/labels.csv --size 28 --channels 1 --test-fraction 0 -o again.safetensors
holds cmp pets.safetensors again.safetensors

sed 's/^condition class 10/condition class 3/; s/^name .*/name pets/' "$CLGAN_SRC/models/digits.model" >pets.model
must "$CLGAN" train --model pets.model --base 4 --batch 8 --steps 2 --data pets.safetensors --out run-pets
works "$CLGAN" generate -w run-pets --grid --class 'eel,cat' --cols 2 -o names.png
png_is names.png 56 56
works "$CLGAN" generate -w run-pets --grid --class '2,0' --cols 2 -o numbers.png
holds cmp names.png numbers.png
works "$CLGAN" generate -w run-pets --grid --class 'dog, big' --cols 2 -o dogs.png
png_is dogs.png 56 28
works "$CLGAN" export -w run-pets -o pets-model.safetensors
works "$CLGAN" reconstruct -w pets-model.safetensors --class eel pets/img/1.png -o eel.png
fails 2 "no class 'eal' (did you mean 'eel'?); allowed: cat, dog, big, eel, or 0 to 2" \
  "$CLGAN" generate -w run-pets --grid --class eal -o bad.png

# MNIST's format, not digits: shapes of ten kinds, drawn here. Nothing has to change for it.
mkdir shapes
for part in train:60 t10k:20; do
  awk -v n="${part#*:}" 'BEGIN {
    printf "%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c", 0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 28, 0, 0, 0, 28
    for (i = 0; i < n; i++)
      for (y = 0; y < 28; y++)
        for (x = 0; x < 28; x++) {
          u = x - 14 + i % 3; v = y - 14; k = i % 10; r = u * u + v * v
          on = k == 0 ? r < 64 : k == 1 ? r < 64 && r > 25 : k == 2 ? u * u < 49 && v * v < 49 : k == 3 ? u == v : \
            k == 4 ? u == -v : k == 5 ? u * u < 4 : k == 6 ? v * v < 4 : k == 7 ? u * v > 30 : k == 8 ? y % 4 < 2 : x % 4 < 2
          printf "%c", on ? 97 + i % 30 : 0
        }
  }' >"shapes/${part%:*}-images-idx3-ubyte"
  awk -v n="${part#*:}" 'BEGIN {
    printf "%c%c%c%c%c%c%c%c", 0, 0, 8, 1, 0, 0, 0, n
    for (i = 0; i < n; i++) printf "%c", i % 10
  }' >"shapes/${part%:*}-labels-idx1-ubyte"
done
must "$CLGAN" train --model digits --base 4 --batch 8 --steps 3 --data shapes --out run-shapes
works "$CLGAN" reconstruct -w run-shapes --data shapes -n 6 -o shapes.png
works "$CLGAN" generate -w run-shapes --grid -o grid.png
png_is grid.png 280 280

# Trained on a folder, or on what was imported from it: the same bytes (under the same name, which a checkpoint keeps).
mkdir packed
works import --format mnist shapes -o packed/shapes.safetensors
mv packed/shapes.safetensors packed/shapes
(cd packed && "$CLGAN" train --model digits --base 4 --batch 8 --steps 3 --data shapes --out run >../out 2>../err) ||
  problem "training on the packed set: $(cat err)"
holds cmp run-shapes/checkpoint.safetensors packed/run/checkpoint.safetensors
passed
