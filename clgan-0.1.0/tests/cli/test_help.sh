#!/bin/sh
# Help of everything; what is mistyped is told with the nearest word; numbers out of range with the range.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

works "$CLGAN" --version
holds grep -qE '^clgan [0-9]+\.[0-9]+\.[0-9]+$' out
works "$CLGAN" --help
cp out help
for sub in devices train generate reconstruct bench $(sed '1,/^subcommands:/d; /^$/,$d; s/^ *//; s/ .*//' help); do
  says "$sub" help
  works "$CLGAN" "$sub" --help
  says "usage: clgan $sub" out
  says '--quiet' out
  says '--verbose' out
  cp out sub-help
  works "$CLGAN" help "$sub"
  holds cmp out sub-help
  fails 2 'unknown option --no-such-thing' "$CLGAN" "$sub" --no-such-thing
done
for option in --model --data --device --steps --epochs --images --minutes --batch --base --seed --out --resume --set \
  --checkpoint-every --sample-every --log-every; do
  "$CLGAN" train --help >out
  says "$option" out
done

fails 2 'see `clgan --help`' "$CLGAN"
fails 2 'did you mean train?' "$CLGAN" trian
fails 2 'did you mean reconstruct?' "$CLGAN" reconstuct
fails 2 'unknown subcommand zzz' "$CLGAN" zzz
fails 2 'unknown subcommand zzz' "$CLGAN" help zzz
fails 2 'come after' "$CLGAN" --quiet train
fails 2 'did you mean --steps?' "$CLGAN" train --stpes 5
fails 2 'did you mean --steps?' "$CLGAN" train --step=5
fails 2 'did you mean --weights?' "$CLGAN" generate --weight w
fails 2 'unknown option -z' "$CLGAN" train -z
fails 2 'needs a value' "$CLGAN" train --steps
fails 2 'takes no value' "$CLGAN" train --quiet=yes
fails 2 'exclude each other' "$CLGAN" devices --quiet --verbose
fails 2 'not expected' "$CLGAN" train digits
fails 2 'did you mean train?' "$CLGAN" bench trian

for bad in '--steps 0' '--steps -5' '--steps 1.5' '--steps five' '--steps 99999999999999999999' '--images 0' \
  '--epochs 0' '--epochs nan' '--minutes 0' '--minutes -1' '--minutes 1e9' '--batch 0' '--batch 65537' '--base 0' \
  '--base 4097' '--seed -1' '--seed 18446744073709551616' '--checkpoint-every 0' '--sample-every x' '--log-every 0'; do
  # shellcheck disable=SC2086  # the option and its value are two words
  fails 2 "${bad%% *} ${bad#* }: must be a" "$CLGAN" train --model digits --out run $bad
  fails 2 "${bad%% *} ${bad#* }: must be a" "$CLGAN" train --model digits --out run "${bad%% *}=${bad#* }"
done
for bad in lr_g=-1 lr_g=x beta1=1 ramp=1.5 flip=maybe decay=5 tile=50 lrg=1 lr_g; do
  fails 2 "${bad%%=*}" "$CLGAN" train --model digits --out run --set "$bad"
done
fails 2 "did you mean 'digits'?" "$CLGAN" train --model digit
fails 2 '--model is missing' "$CLGAN" train
fails 2 '--weights W is missing' "$CLGAN" generate --grid -o g.png
fails 2 '-o OUT is missing' "$CLGAN" generate --grid --weights w
fails 2 '.png' "$CLGAN" generate --grid --weights w -o g.gif
fails 2 'give --grid' "$CLGAN" generate --weights w -o g.png
fails 2 'exclude' "$CLGAN" generate --weights w --grid -n 5 -o g.png
fails 2 '--cols 0' "$CLGAN" generate --weights w --grid --cols 0 -o g.png
fails 2 'either images' "$CLGAN" reconstruct --weights w -o r.png
fails 2 'either images' "$CLGAN" reconstruct --weights w --data builtin x.png -o r.png
fails 2 'only for image files' "$CLGAN" reconstruct --weights w --data builtin --crop 1,1,2,2 -o r.png
fails 2 'must be train or test' "$CLGAN" reconstruct --weights w --data builtin --split dev -o r.png
fails 2 '--steps 0' "$CLGAN" bench train --steps 0
holds test ! -e run
holds test ! -e g.png
if [ -c /dev/full ]; then
  checks=$((checks + 1))
  "$CLGAN" --help >/dev/full 2>err && problem 'a full disk behind standard output went unnoticed'
  says 'standard output' err
fi
passed
