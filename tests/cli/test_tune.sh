#!/bin/sh
# `clgan tune`: finds, keeps, refuses what is wrong; training and golden steps with a tuning in force.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device
CLGAN_FAMILY=reg
export CLGAN_FAMILY
unset CLGAN_NO_TUNING
build=$(dirname "$CLGAN")
checkpoint=checkpoint.safetensors

# Drivers compile at their own pace: searches, each longer than the last, until WORD is in FILE; each goes on where one ended.
tune_until() { # WORD FILE [OPTION]...
  word=$1 file=$2
  shift 2
  for round in 1 2 3 4 5 6 7 8; do
    must "$CLGAN" tune --base 4 --batch 8 --budget $((4 * round)) -o "$file" "$@"
    mv out tune.out
    [ -f "$file" ] && grep -q -e "$word" "$file" && break
  done
  holds grep -q -e "$word" "$file"
}

tune_until ' geometry=' found.txt
says 'products searched' tune.out
says 'stored in found.txt' tune.out
holds test "$(head -1 found.txt)" = 'clgan-tuning 1'
entries=$(grep -v '^#' found.txt | grep -c ' geometry=')
known=$((entries - $(grep -c '^# cut short: ' found.txt))) # those with a gain before their search came to its end are searched on
must "$CLGAN" tune --base 4 --batch 8 --budget 0.1 -o found.txt
holds test "$(grep -c 'known from before' out)" -eq "$known"
holds test "$(grep -v '^#' found.txt | grep -c ' geometry=')" -eq "$entries"

# A file that is damaged is written anew, and training does not mind it.
echo broken >>found.txt
must "$CLGAN" tune --base 4 --batch 8 --budget 0.1 -o found.txt
says 'found.txt' err
holds test "$(grep -c 'known from before' out)" -eq 0

# For the products of one size, whose rules are others, a kernel that is wrong where weights are not packed, and crashes
# where vectors are two (where that ends a process, and no driver): these are set aside, with why, and the search goes on;
# nothing stored uses them.
cp -r "$CLGAN_SRC/kernels" kernels
crash='' only='p.yc == 8 \&\& p.n == 8 \&\& p.kh == 4 \&\& !p.transposed'
if grep -q 'Portable Computing Language' devices.out; then
  crash="if (NV == 2 \\&\\& $only) *(__global volatile float *)0 = 1.0f;"
fi
sed "s/const float scale = p.has_scale ? scales\[0\] : 1.0f;/$crash const float scale = !PACKED \&\& $only ? 1.5f : 1.0f;/" \
  "$CLGAN_SRC/kernels/conv_reg.cl" >kernels/conv_reg.cl
holds grep -q '1.5f : 1.0f' kernels/conv_reg.cl
CLGAN_KERNEL_DIR=$PWD/kernels
export CLGAN_KERNEL_DIR
product='^# set aside: [0-9a-f]* conv 8,28,28,4,14,14,8,4,4,2,1'
tune_until "$product .*nv=1 .*packed=0 .*wrong: element" wrong.txt --verbose
unset CLGAN_KERNEL_DIR
if [ "$crash" ]; then holds grep -q "$product .*nv=2 .*the driver's process" wrong.txt; fi
checks=$((checks + 1))
grep '^[^#].* geometry=8,28,28,4,14,14,8,' wrong.txt | grep -q 'nv=2\|packed=0' && problem 'a wrong variant was stored'

# A tuning in force, made by hand so that it differs from the rules: it is used, counted, recorded in the checkpoint;
# the same bits from run to run, in parts, and also when the tuning is gone.
before=$XDG_CACHE_HOME
XDG_CACHE_HOME=$work/tuned
POCL_CACHE_DIR=${POCL_CACHE_DIR:-$before/pocl/kcache}
export POCL_CACHE_DIR
mkdir -p "$XDG_CACHE_HOME/clgan/tuning" "$before/clgan/kernels" "$POCL_CACHE_DIR"
ln -s "$before/clgan/kernels" "$XDG_CACHE_HOME/clgan/kernels"

must tiny plain 4 --verbose
says 'tuning: 0 of ' err
store=$(sed -n 's/^tuning: no file \(.*\) yet$/\1/p' err)
holds test -n "$store"
{
  echo 'clgan-tuning 1'
  echo 'op=conv use kind=0 kc=128 m_tiles=1'
  echo 'op=conv_transposed use kind=0 m_tiles=2 n_panels=1'
  echo 'op=conv_wgrad use kind=0 splits=2'
  echo 'op=conv_wgrad_transposed use kind=0 splits=3'
} >"$store"
must tiny tuned 4 --verbose
says 'tuning: 4 entries in ' err
products=$(sed -n 's/^tuning: \([0-9]*\) of .* products tuned$/\1/p' err)
holds test "$products" -gt 0
says "tuning: $products of $products products" err
metadata() { tr -d '\n' <"$1/$checkpoint" | grep -ao "\"$2\":\"[^\"]*" | head -1; }
holds test "$(metadata plain variants)" != "$(metadata tuned variants)"
holds test -z "$(metadata plain tuning)"
says 'op=conv_wgrad use kind=0 splits=2' tuned/$checkpoint
if [ -x "$build/test_golden" ]; then
  works "$build/test_golden" "$CLGAN_SRC/tests/golden/digits-b8.safetensors"
fi
works tiny again 4
holds cmp tuned/$checkpoint again/$checkpoint
must tiny parts 2
cp -r parts untuned
works "$CLGAN" train --resume parts --steps 4
holds cmp tuned/$checkpoint parts/$checkpoint
must tiny off 4 --no-tuning
holds cmp plain/$checkpoint off/$checkpoint
must "$CLGAN" bench train --model digits --base 4 --batch 8 --quick --steps 2 --verbose
says "tuning: $products of $products products" err
works "$CLGAN" train --resume untuned --steps 3 --no-tuning
says 'not bit-identically' err

# The checkpoint's tuning counts, not today's: without a file, and with another one.
cp -r again gone
must "$CLGAN" train --resume again --steps 5
echo 'clgan-tuning 1' >"$store"
works "$CLGAN" train --resume gone --steps 5
holds cmp again/$checkpoint gone/$checkpoint
echo broken >>"$store"
works tiny damaged 4 --verbose
says 'left out' err
holds cmp plain/$checkpoint damaged/$checkpoint

# A search by itself at a first start, where it is asked for; stored, so that a second start makes none.
rm "$store"
must tiny first 1 --tune-seconds 0.5
says 'first start with these layers' err
holds grep -q '^# first start: ' "$store"
must tiny second 1 --tune-seconds 0.5
checks=$((checks + 1))
grep -q 'first start' err && problem 'a second start was tuned again'
holds cmp first/$checkpoint second/$checkpoint
must tiny third 1
checks=$((checks + 1))
grep -q 'first start' err && problem 'tuned without being asked'

fails 2 '--budget' "$CLGAN" tune --budget 0
fails 2 'nothing' "$CLGAN" tune --model nothing
fails 2 "clgan's own use" "$CLGAN" --tune-helper 0 0:0
fails 2 "clgan's own use" "$CLGAN" --tune-helper 77 0:0
fails 1 'nowhere' "$CLGAN" tune --budget 0.1 -o nowhere/file.txt
passed
