#!/bin/sh
# Every operation at small sizes under Oclgrind, both kernel families: a data race, a read of memory that nobody wrote, an access
# outside a buffer fails. Takes the built test_ops, test_tuning_store and test_half of $CLGAN_BUILD (default: the current folder); 77: no
# Oclgrind here.
#
# What Oclgrind 21.10 needs: kernels built without optimisation, whose `freeze` instructions (an index divided by a size, with its
# remainder) and shuffles with undefined lanes (a vector's sum) it does not know; then an inline function is an undefined symbol,
# so the word is defined away.
set -u
command -v oclgrind >/dev/null || { echo "no oclgrind here: skipped"; exit 77; }
source=${CLGAN_SRC:-$(dirname "$0")/..}
build=${CLGAN_BUILD:-.}
if [ -f "$build/Makefile" ]; then make -s -C "$build" test_ops test_tuning_store test_half || exit 1; fi
for test in test_ops test_tuning_store test_half; do
  [ -x "$build/$test" ] || { echo "$build/$test is not there: build it with: make $test"; exit 1; }
done
unset CLGAN_DEVICE
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/kernels"
for file in "$source"/kernels/*.cl "$source"/kernels/*.clh; do
  name=${file##*/}
  case $name in
    *.cl) { echo '#define inline'; echo "#line 1 \"$name\""; cat "$file"; } ;;
    *) cat "$file" ;;
  esac >"$work/kernels/$name"
done
# check NAME FAMILY OPTIONS TEST ARGUMENTS...
check() {
  name=$1 family=$2 options=$3 test=$4
  shift 4
  : >"$work/$name.log"
  # shellcheck disable=SC2086  # several options
  CLGAN_KERNEL_DIR=$work/kernels CLGAN_NO_CACHE=1 CLGAN_FAMILY=$family oclgrind $options --build-options -O0 \
    --log "$work/$name.log" "$build/$test" "$@" >"$work/$name.out" 2>&1
  echo $? >"$work/$name.status"
}
all="--data-races --uninitialized"
if [ $# -gt 0 ]; then
  checks="local reg"
  check local local "$all" test_ops --small "$@" &
  check reg reg "$all" test_ops --small "$@"
else
  # Registers-only convolutions read, and drop, lanes past the end of a row: Oclgrind holds a vector one lane of which is
  # unwritten, and that a built-in function gets, to be used. test_ops puts NaN behind every input: a lane that counts shows.
  checks="local reg reg-convolutions winograd lines subgroups half"
  check local local "$all" test_ops --small &
  check reg reg "$all" test_ops --small ^conv ^deconv ^linear ^wgrad
  check reg-convolutions reg --data-races test_ops --small conv deconv linear wgrad
  check winograd reg --data-races test_tuning_store winograd_small &
  check lines reg --data-races test_tuning_store lines_small
  check subgroups local "$all" test_tuning_store subgroups_small &
  check half local --data-races test_half operations_take_halves
fi
wait
failed=0
for name in $checks; do
  cat "$work/$name.out"
  head -60 "$work/$name.log"
  if [ "$(cat "$work/$name.status")" != 0 ] || [ -s "$work/$name.log" ]; then
    echo "$name: failed"
    failed=1
  fi
done
exit $failed
