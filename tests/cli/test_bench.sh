#!/bin/sh
# What a device can do at most, as a table and as JSON; the step's share of it.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device

must "$CLGAN" bench devices --quick --budget 0 --json devices.json
cp out devices.txt
for row in launch-waited launch host-to-device device-to-host read write copy scale triad fma/float fma/float4 fma/float16; do
  says "device/$row " devices.txt
  says "\"device/$row\"" devices.json
done
holds grep -q '^peak: [0-9.]* GFLOP/s, [0-9.]* GB/s' devices.txt
peak=$(sed -n 's/^peak: \([0-9]*\).*/\1/p' devices.txt)
holds test "$peak" -gt 0
checks=$((checks + 1))
grep -q 'failed' devices.txt && problem "a probe failed: $(grep failed devices.txt)"

works "$CLGAN" bench all --quick --budget 0 --model digits --base 4 --batch 8 --pass forward --only linear --json all.json
says '"train/digits/base4/batch8"' all.json
holds grep -qE '"share":[[:space:]]*0?\.?[0-9]' all.json
# The operations of the step, those asked for.
says '"ops/digits/base4/linear 10>32 n16 scaled/forward/batch8"' all.json
says '"count"' all.json
says '"variant"' all.json
says 'operations of a step of digits, base 4, batch 8' out
says 'those shown: ' out
holds test "$(grep -c '^linear .* forward ' out)" -gt 5
holds test "$(grep -cE '^[a-z].* (data|weights|update) +[0-9]+ x |^conv |WRONG|failed' out)" -eq 0
fails 2 'did you mean devices?' "$CLGAN" bench device
fails 2 'one of devices, ops, train, use, start, all' "$CLGAN" bench everything
fails 2 'one of devices, ops, train, use, start, all' "$CLGAN" bench devices train
fails 2 '--pass sideways: one of forward, data, weights, update' "$CLGAN" bench ops --pass sideways
fails 2 '--only picks operations' "$CLGAN" bench train --only x

# A whole step: every operation is right, the kinds and times add up.
works "$CLGAN" bench ops --quick --budget 0 --model bigan-mlp --batch 4 --json ops.json
holds grep -q '^their sum: [0-9.]* ms a step ([0-9]* operations, [0-9]* of them different)' out
holds test "$(grep -cE ' (forward|data|weights|update) +[0-9]+ x ' out)" -eq "$(sed -n 's/.* operations, \([0-9]*\) of them different.*/\1/p' out)"
holds test "$(grep -c '"phase":	"weights"' ops.json)" -gt 3
# The case table's layers, at the batch asked for.
works "$CLGAN" bench ops --quick --budget 0 --batch 2 --only 'digits conv' --pass data --json cases.json
says 'operations of the case table, batch 2' out
says '"ops/conv/digits conv2/data/batch2"' cases.json
holds test "$(grep -cE '^conv/digits conv[12] +data ' out)" -eq 2
holds test "$(grep -cE ' (forward|weights|update) ' out)" -eq 0

# Every case is visited several times; the interval is that of the visits.
works "$CLGAN" bench ops --batch 2 --only 'digits conv1' --pass forward --clblast off --json visits.json
holds test "$(grep -cE '^conv/digits conv1 +forward ' out)" -eq 1
says '"visits_s"' visits.json
# Ctrl-C: what is measured by then is told, and written.
checks=$((checks + 1))
"$CLGAN" bench ops --batch 2 --cases models --clblast off --json stopped.json >out 2>err &
pid=$!
n=0
until grep -q operations/s err || [ $n -ge 300 ]; do
  sleep 0.1
  n=$((n + 1))
done
kill -INT $pid
wait $pid
code=$?
[ "$code" -eq 0 ] || problem "exit status $code, not 0, after SIGINT: $(tail -3 err)"
says 'stopped: ' out
holds test "$(grep -c '"median_s"' stopped.json)" -gt 0

# A wrong kernel is never a fast one.
cp -R "$CLGAN_SRC/kernels" kernels
chmod -R u+w kernels
sed 's/select(slope \* v, v, v > 0.0f)/select(-slope * v, v, v > 0.0f)/' "$CLGAN_SRC/kernels/conv_reg.clh" >kernels/conv_reg.clh
checks=$((checks + 1))
cmp -s kernels/conv_reg.clh "$CLGAN_SRC/kernels/conv_reg.clh" && problem "select(slope * v ... is not in conv_reg.clh: adapt this test"
checks=$((checks + 1))
CLGAN_KERNEL_DIR=$work/kernels CLGAN_FAMILY=reg "$CLGAN" bench ops --quick --budget 0 --quiet --batch 2 --only 'digits conv1' \
  --pass forward --json wrong.json >out 2>err
code=$?
[ "$code" -eq 1 ] || problem "exit status $code, not 1, with a wrong kernel: $(cat out)"
says 'clgan: bench: 1 of 1 operations gave wrong results on this device' err
holds grep -qE '^conv/digits conv1 +forward +WRONG: element [0-9]+ is ' out
says '"error":	"wrong: element ' wrong.json
checks=$((checks + 1))
grep -A6 -F 'conv/digits conv1/forward' wrong.json | grep -E 'gflops|median_s|share' && problem "a wrong result has a time"
passed
