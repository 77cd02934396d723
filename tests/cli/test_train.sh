#!/bin/sh
# Training from end to end on the builtin digits: files, pictures, resume, refusals.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device
checkpoint=checkpoint.safetensors

must tiny six 6 --log-every 1 --verbose
says 'device' err
says 'launches' err
says 'programs compiled' err
says 'in arenas' err
says 'images/s' err
says 'six/checkpoint.safetensors' err
holds test "$(wc -l <six/log.jsonl)" -eq 6
says '"step":5,"images":48,' six/log.jsonl
holds test "$(step_of six/$checkpoint)" -eq 6
png_is six/samples/step-000006.png 280 280

# The same command gives the same bytes; a run in two parts equals one without a stop.
works tiny again 6 --log-every 1
holds cmp six/$checkpoint again/$checkpoint
works tiny parts 3 --log-every 1
holds test "$(step_of parts/$checkpoint)" -eq 3
works "$CLGAN" train --resume parts --steps 6 --log-every 1
holds cmp six/$checkpoint parts/$checkpoint
holds test "$(wc -l <parts/log.jsonl)" -eq 6
works tiny other 6 --seed 1
checks=$((checks + 1))
cmp -s six/$checkpoint other/$checkpoint && problem 'another seed gave the same checkpoint'

# A gradient penalty at every other step: logged, the same bytes in two parts.
works tiny steep 5 --set penalty=0.5 --set penalty_every=2 --log-every 1
says '"penalty":' steep/log.jsonl
works tiny slope 3 --set penalty=0.5 --set penalty_every=2 --log-every 1
fails 2 'begun with penalty=0.5' "$CLGAN" train --resume slope --steps 5 --set penalty=0
fails 2 'begun without penalty=0.5' "$CLGAN" train --resume six --steps 9 --set penalty=0.5
works "$CLGAN" train --resume slope --steps 5 --log-every 1
holds cmp steep/$checkpoint slope/$checkpoint
holds test "$(sed 's/.*"d":/"d":/' steep/log.jsonl)" = "$(sed 's/.*"d":/"d":/' slope/log.jsonl)"

# A run on faces draws both genders, and held-out faces beside their reconstructions.
works "$CLGAN" train --model faces64 --base 2 --batch 4 --steps 1 --out faces
png_is faces/samples/step-000001.png 768 640

# Bounds by images and epochs, rounded up to whole steps; options that are said again and agree.
works "$CLGAN" train --resume parts --model digits --base 4 --batch 8 --seed 0 --set lr_g=2e-4 --images 57 --out parts
holds test "$(step_of parts/$checkpoint)" -eq 8
works "$CLGAN" train --model digits --base 4 --epochs 0.0011 --out epoch --device auto --set batch=8
holds test "$(step_of epoch/$checkpoint)" -eq 2
works "$CLGAN" train --resume six/$checkpoint --steps 7 --out seven --quiet
holds test "$(step_of seven/$checkpoint)" -eq 7
holds test "$(step_of six/$checkpoint)" -eq 6

# Refusals leave everything as it was.
cp -r six kept
works "$CLGAN" train --resume six --out branch --set lr_g=1e-3 --set mismatch=1 --set jitter=0.5 --steps 7
says 'six goes on in branch with other settings' err
fails 2 '--resume six' tiny six 9
fails 2 'base=4' "$CLGAN" train --resume six --base 8 --steps 9
fails 2 'batch=8' "$CLGAN" train --resume six --batch 16 --steps 9
fails 2 'lr_g=' "$CLGAN" train --resume six --set lr_g=1e-3 --steps 9
fails 2 '--seed 5' "$CLGAN" train --resume six --seed 5 --steps 9
fails 2 '--model bigan-mlp' "$CLGAN" train --resume six --model bigan-mlp --steps 9
fails 2 '--out seven' "$CLGAN" train --resume six --out seven --steps 9
fails 2 '--resume nowhere' "$CLGAN" train --resume nowhere --steps 9
idx data 16
fails 2 'another data set' "$CLGAN" train --resume six --data data --steps 9
: >file
fails 1 'file' tiny file/run 1
if [ "$(id -u)" -ne 0 ]; then
  mkdir locked
  chmod 555 locked
  fails 1 'locked' tiny locked/run 1
  fails 1 'locked' tiny locked 1
fi
holds diff -r six kept
works tiny mnist 2 --data data
works "$CLGAN" train --resume mnist --steps 3
holds test "$(step_of mnist/$checkpoint)" -eq 3

# Micro-batches: said, kept by the checkpoint, the same bytes in two parts; chosen where memory is short, or refused.
works tiny pieces 4 --micro-batch 4
says 'batch 8 in 2 micro-batches of 4' err
says 'statistics from each micro-batch' err
works tiny halves 2 --micro-batch 4
works "$CLGAN" train --resume halves --steps 4
holds cmp pieces/$checkpoint halves/$checkpoint
fails 1 'the largest that fits is' tiny short 1 --memory 2100K --quiet
holds test ! -e short/$checkpoint
works tiny short 1 --memory 2100K --on-oom split
says 'micro-batches of' err
fails 2 'it must divide the batch' tiny uneven 1 --micro-batch 3 --quiet
fails 2 '--on-oom' tiny uneven 1 --on-oom retry
fails 2 '--memory' tiny uneven 1 --memory 3x

# Half precision: where the device has it, said, kept by the checkpoint, the same bytes in two parts; else refused.
if "$CLGAN" devices --json | grep -qE '"fp16":[[:space:]]*true'; then
  works tiny half 4 --precision fp16
  says 'precision fp16: ' err
  works tiny half-parts 2 --precision fp16
  works "$CLGAN" train --resume half-parts --steps 4
  holds cmp half/$checkpoint half-parts/$checkpoint
  fails 2 'begun with precision=fp16' "$CLGAN" train --resume half-parts --steps 5 --precision fp32
  works "$CLGAN" bench train --model digits --base 4 --batch 8 --steps 3 --precision fp16
  says 'train/digits/base4/batch8/fp16' out
else
  fails 2 'has no half precision (cl_khr_fp16)' tiny half 1 --precision fp16 --quiet
  holds test ! -e half/$checkpoint
fi
fails 2 'allowed: fp32, fp16' tiny half 1 --precision fp8 --quiet
fails 2 'clgan bench train' "$CLGAN" bench ops --precision fp16

# A model without condition and averages.
works "$CLGAN" train --model bigan-mlp --base 1 --batch 8 --steps 2 --out mlp
holds test "$(step_of mlp/$checkpoint)" -eq 2

works "$CLGAN" bench train --model digits --base 4 --batch 8 --steps 7 --json bench.json
says 'images/s' out
for word in '"transient_bytes"' '"peak_live_bytes"' '"planned_bytes"' '"clgan-bench/1"' '"machine"' '"device"' '"train/digits/base4/batch8"' '"median_s"' '"spread"' \
  '"images_per_s"' '"gflops"'; do
  says "$word" bench.json
done
holds grep -qE '"runs":[[:space:]]*7' bench.json
fails 1 'file' "$CLGAN" bench train --model digits --base 4 --steps 1 --json file/bench.json
passed
