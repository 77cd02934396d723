#!/bin/sh
# selftest: what it says where all is well; a kernel made wrong, one that does not compile, one that crashes and one that
# hangs are found, and named. Only a few operations: test_ops has the others.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

fails 2 'no such operation' "$CLGAN" selftest --quick no-such-operation
fails 2 '--patience 0' "$CLGAN" selftest --device all --patience 0
need_device
fails 1 "no OpenCL device 'no such name'" "$CLGAN" selftest --device 'no such name'
fails 2 'CLGAN_FAMILY=both' env CLGAN_FAMILY=both "$CLGAN" selftest --quick --quiet act
fails 1 'no *.safetensors' "$CLGAN" selftest --golden . steps
printf 'x' >broken.safetensors
fails 1 'broken.safetensors' "$CLGAN" selftest --quick --golden . steps
fails 1 'nowhere' "$CLGAN" selftest --quick --json nowhere/out.json act

# Small cases of an operation, both families; one model's steps, one family: test_golden has the others.
must "$CLGAN" selftest --quick --quiet act
for word in 'kernels: registers only, local memory; ' ' passed: 4 cases' 'left out:'; do says "$word" out; done
must env CLGAN_FAMILY=reg "$CLGAN" selftest --quick --quiet --json result.json act/tanh steps
for word in 'training steps' 'digits base 8 batch 4' 'double precision' 'kernels: registers only; ' ' passed: 1 cases'; do
  says "$word" out
done
for word in '"clgan-selftest/1"' '"operation":	"act"' '"losses, first step (relative)"' '"passed":	true' \
  '"where"' '"result":	"passed"'; do
  says "$word" result.json
done
# JSON to standard output: nothing else there.
must env CLGAN_FAMILY=reg "$CLGAN" selftest --quick --quiet --json -- stack
holds test "$(head -c 1 out)" = '{'
says 'registers only' err

# wrong FILE FROM TO: a folder of kernels with FROM made TO in FILE.
wrong() {
  rm -rf kernels
  cp -R "$CLGAN_SRC/kernels" kernels
  chmod -R u+w kernels
  checks=$((checks + 1))
  grep -qF -e "$2" "kernels/$1" || problem "$2 is not in $1: this test must be adapted"
  awk -v from="$2" -v to="$3" '{ at = index($0, from); if (at && !done) {
    $0 = substr($0, 1, at - 1) to substr($0, at + length(from)); done = 1 } print }' "$CLGAN_SRC/kernels/$1" >"kernels/$1"
}
# caught RESULT WORD...: exit 1, and the words in the table.
caught() {
  result=$1
  shift
  checks=$((checks + 1))
  CLGAN_KERNEL_DIR=$work/kernels CLGAN_FAMILY=reg "$CLGAN" selftest --quick --quiet "$@" >out 2>err </dev/null
  code=$?
  [ "$code" -eq 1 ] || problem "exit status $code, not 1: $* with wrong kernels: $(tail -2 out)"
  says " $result: " out
}

wrong act.clh 'x < 0.0f ? slope * x : x' 'x < 0.0f ? -slope * x : x'
caught failed act
for word in 'FAILED act/lrelu (registers only): output: element ' 'the largest is' '  FAILED  '; do
  says "$word" out
done
holds test "$(grep '^FAILED' out | grep -cv '^FAILED act/lrelu')" -eq 0 # and nothing else
says 'clgan: selftest: failed' err
wrong elementwise.cl 'y[0] = a[0];' 'y[0] = a[0]; this is no C;'
caught failed stack
for word in 'FAILED stack/1 (registers only): kernels/elementwise.cl does not compile' 'elementwise.cl:4' 'stack'; do
  says "$word" out
done
wrong elementwise.cl 'y[0] = a[0];' 'y[0] = b[0];' # what is read is the dummy of an input left out
caught failed stack
says 'FAILED stack/1' out

# A process of its own for each device: one that crashes or hangs becomes a row. Only where PoCL is the only driver: a GPU
# might be the one that draws the screen.
must env CLGAN_FAMILY=reg "$CLGAN" selftest --device all --quick --quiet --json all.json stack
says ' passed: 2 cases' out
says '"passed":	true' all.json
"$CLGAN" devices >devices.out
if [ "$(grep -c '^[* ] *[0-9]' devices.out)" -eq 1 ] && grep -q 'Portable Computing Language' devices.out; then
  wrong elementwise.cl 'y[0] = a[0];' 'y[0] = *(volatile global const float *)16;'
  caught crashed --device all stack
  says 'ended by signal' out
  says 'at stack/1 (reg)' out
  wrong elementwise.cl 'y[0] = a[0];' 'volatile int on = 1; while (on) {}'
  caught hung --device all --patience 4 stack
  says 'no progress for 4 s' out
else
  echo "crash and hang: left out, other drivers than PoCL are there"
fi
passed
