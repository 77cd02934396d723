#!/bin/sh
# latent: table, JSON, page and sheet of a barely trained model; the same seed gives the same; data it cannot use.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device
must tiny run 3

works "$CLGAN" latent --weights run --data builtin -n 300 --json one.json --html page.html --traverse sheet.png
cp out table
for word in 'prior, uniform from -1 to 1' 'class by a linear probe' 'class of the nearest code' 'purity' \
  'mutual information' 'class by E itself' 'variance by the condition alone' 'share of z that comes back' \
  '300 images (test) of builtin'; do
  says "$word" table
done
for word in '"schema":	"clgan-latent/1"' '"images":	300' '"latent":	50' '"split":	"test"' '"label":	"class"' \
  '"dimension":	49' '"first_c":' '"returned":' '"nmi_chance":' '"principal_axes":'; do
  says "$word" one.json
done
checks=$((checks + 1))
[ "$(grep -c '"ks":' one.json)" -eq 50 ] || problem 'not one distance for each dimension'
png_is sheet.png 308 336
for word in '<h1>What the code holds: digits</h1>' '<svg ' 'data:image/png;base64,' '</html>'; do
  says "$word" page.html
done
checks=$((checks + 1))
grep -qE '(src|href)="?(http|//)' page.html && problem 'the page wants something from elsewhere'
checks=$((checks + 1))
[ "$(grep -c '<circle class="s' page.html)" -ge 300 ] || problem 'points are missing'

# Shares are shares: what the numbers must fulfil whatever the model.
number() { # NAME: its first value in one.json
  sed -n "s/.*\"$1\":[^0-9-]*\([-0-9.e+]*\).*/\1/p" one.json | head -1
}
checks=$((checks + 1))
awk -v z="$(number first_z)" -v c="$(number first_c)" -v b="$(number both)" -v tz="$(number total_z)" \
  'BEGIN { exit !(z >= 0 && c >= 0 && b >= 0 && (z + c + b - 1)^2 < 1e-12 && (tz - z - b)^2 < 1e-12) }' ||
  problem 'shares do not add up to 1'

works "$CLGAN" latent -w run --data builtin -n 300 --json
cp out two.json
holds cmp one.json two.json
works "$CLGAN" latent -w run/checkpoint.safetensors --data builtin -n 300 --seed 1 --split all --json \
  --traverse nine.png --class 9
says '"split":	"all"' out
checks=$((checks + 1))
cmp -s sheet.png nine.png && problem 'another class drew the same sheet'

# What cannot be asked.
fails 2 '--data PATH is missing' "$CLGAN" latent -w run
fails 2 '--weights W is missing' "$CLGAN" latent --data builtin
fails 2 'nowhere' "$CLGAN" latent -w run --data nowhere
fails 1 'nothing' "$CLGAN" latent -w nothing --data builtin
fails 2 '--split' "$CLGAN" latent -w run --data builtin --split holdout
fails 2 '100' "$CLGAN" latent -w run --data builtin -n 5
fails 2 '.png' "$CLGAN" latent -w run --data builtin --traverse sheet.jpg
fails 2 'use --class' "$CLGAN" latent -w run --data builtin --age 20
fails 2 '--class 10' "$CLGAN" latent -w run --data builtin --class 10
idx small 60
fails 2 '60 images' "$CLGAN" latent -w run --data small
echo keep >kept
fails 1 'kept/page.html' "$CLGAN" latent -w run --data builtin -n 100 --html kept/page.html
fails 1 'no-folder' "$CLGAN" latent -w run --data builtin -n 100 --json no-folder/x.json

# packed FILE HEIGHT WIDTH: 150 black images without labels.
packed() {
  bytes=$((150 * $2 * $3))
  header="{\"images\":{\"dtype\":\"U8\",\"shape\":[150,$2,$3,1],\"data_offsets\":[0,$bytes]}}"
  {
    printf "\\$(printf '%03o' ${#header})\\000\\000\\000\\000\\000\\000\\000%s" "$header"
    head -c "$bytes" /dev/zero
  } >"$1"
}
packed plain.safetensors 28 28
packed wide.safetensors 28 30
fails 2 'plain.safetensors' "$CLGAN" latent -w run --data plain.safetensors
fails 2 'wide.safetensors' "$CLGAN" latent -w run --data wide.safetensors

# Images of one class: said, and the rest is told.
idx single 150
works "$CLGAN" latent -w run --data single --json single.json
says 'all images have the same class' err
says '"labels":	[]' single.json

# A model without a condition: labels are not needed, and used where they are there.
must "$CLGAN" train --model bigan-mlp --base 8 --batch 8 --out plain --steps 2
works "$CLGAN" latent -w plain --data builtin -n 200 --html plain.html
says 'class by a linear probe' out
says 'dimensions that make half of it' out
checks=$((checks + 1))
grep -q 'variance by the condition' out && problem 'a condition where there is none'
works "$CLGAN" latent -w plain --data plain.safetensors --split train --json plain.json
says '"labels":	[]' plain.json
passed
