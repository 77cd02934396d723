#!/bin/sh
# Damaged data sets and image files: one line, exit 1 (or 2 where there is no such set), nothing written.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

refused() { # STATUS WORD FOLDER
  fails "$1" "$2" "$CLGAN" train --model digits --base 4 --batch 8 --steps 1 --out run --data "$3"
}

fails 2 'nowhere' "$CLGAN" train --model digits --base 4 --steps 1 --out run --data nowhere
mkdir empty
refused 2 'empty' empty

idx good 16
cp -r good short
head -c 5000 good/train-images-idx3-ubyte >short/train-images-idx3-ubyte
refused 1 'short/train-images-idx3-ubyte' short

cp -r good header
head -c 7 good/train-images-idx3-ubyte >header/train-images-idx3-ubyte
refused 1 'header/train-images-idx3-ubyte' header

cp -r good magic
{ printf '\000\000\015\003'; tail -c +5 good/train-images-idx3-ubyte; } >magic/train-images-idx3-ubyte
refused 1 'magic/train-images-idx3-ubyte' magic

cp -r good giant
{ printf '\000\000\010\003\177\377\377\377'; tail -c +9 good/train-images-idx3-ubyte; } >giant/train-images-idx3-ubyte
refused 1 'giant/train-images-idx3-ubyte' giant

cp -r good labels
idx fewer 15
cp fewer/train-labels-idx1-ubyte labels/
refused 1 'labels' labels

cp -r good large_label
{ head -c 8 good/train-labels-idx1-ubyte; printf '\013'; tail -c +10 good/train-labels-idx1-ubyte; } \
  >large_label/train-labels-idx1-ubyte
refused 2 'large_label' large_label

if command -v gzip >/dev/null; then
  mkdir cut
  gzip -c good/train-images-idx3-ubyte >whole.gz
  size=$(wc -c <whole.gz)
  cp good/train-labels-idx1-ubyte cut/
  for left in 5 20 $((size / 2)) $((size - 1)); do
    head -c "$left" whole.gz >cut/train-images-idx3-ubyte.gz
    refused 1 'cut/train-images-idx3-ubyte.gz' cut
  done
fi

fails 2 '28' "$CLGAN" train --model faces64 --base 4 --steps 1 --out run --data good
fails 2 'holdout' "$CLGAN" train --model digits --base 4 --steps 1 --out run --data good --set holdout=16
holds test ! -e run
passed
