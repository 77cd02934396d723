#!/bin/sh
# encode with the model that ships: files and data sets, safetensors and CSV, labels, features, and the way back.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device
weights=$CLGAN_SRC/models/digits.safetensors
[ -f "$weights" ] || skip "no $weights"

# A data set, both splits: the last 20 training and the first of the test items are around item 10000 of the builtin set.
must "$CLGAN" encode -w "$weights" --data builtin --split test -n 200 -o test.csv
says 'codes of 200 images' err
says 'images/s' err
holds test "$(wc -l <test.csv)" -eq 201
holds test "$(head -1 test.csv | cut -d, -f1-6)" = index,split,label,digit,logit0,logit1
holds test "$(awk -F, '{ print NF }' test.csv | sort -u)" -eq 64
holds test "$(sed -n 2p test.csv | cut -d, -f1,2)" = 10000,test
holds test "$(sed -n 201p test.csv | cut -d, -f1,2)" = 10199,test
right=$(awk -F, 'NR > 1 && $3 == $4' test.csv | wc -l)
echo "E's class is the label of $right of 200 digits"
holds test "$right" -ge 160
checks=$((checks + 1))
awk -F, 'NR > 1 { best = 5; for (k = 6; k < 15; k++) if ($k > $best) best = k; if (best - 5 != $4) bad++
  for (k = 15; k <= 64; k++) if ($k < -1 || $k > 1) bad++ } END { exit bad > 0 }' test.csv ||
  problem 'a digit is not the likeliest, or a code is outside -1..1'

# The same as tensors; all of the set is the default, in its own order.
must "$CLGAN" encode -w "$weights" --data builtin --split test -n 200 --features -o test.safetensors
for word in '"z":{"dtype":"F32","shape":[200,50]' '"logits":{"dtype":"F32","shape":[200,10]' \
  '"c":{"dtype":"F32","shape":[200,10]' '"digit":{"dtype":"U8","shape":[200]' '"label":{"dtype":"U8","shape":[200]' \
  '"index":{"dtype":"I32","shape":[200]' '"split":{"dtype":"U8","shape":[200]' \
  '"features":{"dtype":"F32","shape":[200,256]' '"format":"clgan-latents/1"' '"data":"'; do
  says "$word" test.safetensors
done
# Where a tensor lies: tensor NAME, to $from.
tensor() {
  header=$(od -An -tu8 -N8 test.safetensors | tr -d ' ')
  from=$(tail -c +9 test.safetensors | head -c "$header" | sed "s/.*\"$1\":{[^}]*\"data_offsets\":\[\([0-9]*\),.*/\1/")
  from=$((from + 8 + header))
}
tensor z
checks=$((checks + 1))
od -An -v -w4 -tf4 -j "$from" -N $((200 * 50 * 4)) test.safetensors >z.txt
sed 1d test.csv | cut -d, -f15- | tr , '\n' | paste -d' ' - z.txt |
  awk 'function d(x) { return x < 0 ? -x : x } d($1 - $2) > 1e-6 { bad++ } END { exit bad > 0 || NR != 10000 }' ||
  problem 'z in CSV and z in safetensors differ'
tensor index
holds test "$(od -An -tu4 -j "$from" -N 8 test.safetensors | tr -s ' ')" = ' 10000 10001'
must "$CLGAN" encode -w "$weights" --data builtin -n 3 -o first.csv
holds test "$(sed 1d first.csv | cut -d, -f1,2 | tr '\n' ' ')" = '0,train 1,train 2,train '
works "$CLGAN" encode -w "$weights" --data builtin -n 3 --features -o wide.csv
holds test "$(awk -F, '{ print NF }' wide.csv | sort -u)" -eq 320
holds test "$(cut -d, -f1-64 wide.csv)" = "$(cat first.csv)"

# Back: codes and conditions drawn again are the reconstruction.
works "$CLGAN" encode -w "$weights" --data builtin --split test -n 1 -o one.safetensors
works "$CLGAN" generate -w "$weights" --latent one.safetensors -o 'a,"b".png'
works "$CLGAN" reconstruct -w "$weights" --data builtin --split test -n 1 -o pair.png
works "$CLGAN" encode -w "$weights" pair.png --crop 28,0,28,28 -o pair.csv
works "$CLGAN" encode -w "$weights" 'a,"b".png' pair.png -o files.csv
holds test "$(head -1 files.csv | cut -d, -f1,2)" = name,digit
says '"a,""b"".png",' files.csv
holds test "$(sed -n '2s/.*png",//p' files.csv)" = "$(sed -n '2s/[^,]*,//p' pair.csv)"
holds test "$(sed -n 3p files.csv | cut -d, -f1)" = pair.png
works "$CLGAN" encode -w "$weights" 'a,"b".png' pair.png -o files.safetensors
says '"names":"[\"a,\\\"b\\\".png\",\"pair.png\"]"' files.safetensors

echo keep >kept.csv
cp kept.csv kept
refused() { # STATUS WORD COMMAND...
  fails "$@" -o kept.csv
  holds cmp kept.csv kept
}
refused 2 'either images' "$CLGAN" encode -w "$weights"
refused 2 'train, test or all' "$CLGAN" encode -w "$weights" --data builtin --split dev
refused 2 'only with --data' "$CLGAN" encode -w "$weights" pair.png -n 3
refused 2 'no such' "$CLGAN" encode -w "$weights" --data nowhere
refused 1 'nowhere' "$CLGAN" encode -w nowhere pair.png
fails 2 '.safetensors or .csv' "$CLGAN" encode -w "$weights" pair.png -o codes.txt
fails 2 'is missing' "$CLGAN" encode -w "$weights" pair.png
fails 1 'does not exist' "$CLGAN" encode -w "$weights" pair.png -o nowhere/codes.csv
passed
