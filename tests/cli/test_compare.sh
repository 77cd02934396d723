#!/bin/sh
# bench compare: files beside each other, what is called equal and what fails, the check of a file sent in, pages;
# a kernel slowed down on purpose is caught.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

# result FILE MEDIAN [NAME]: 2 probes, an operation that takes MEDIAN seconds, a step; all with intervals of +-1 %.
result() {
  cat >"$1" <<EOF
{"schema":"clgan-bench/1","date":"2026-01-31T12:00:00Z","machine":{"cpu":"a processor","cores":2},
"source":{"version":"0.1.0"},
"device":{"name":"${3:-a <device> & more}","type":"CPU","platform":"a platform","driver":"1.2","compute_units":2},
"rows":[
{"case":"device/fma/float8","phase":"multiply-add","median_s":1,"spread":0.01,"runs":9,"gflops":100},
{"case":"device/copy","phase":"global memory","median_s":1,"spread":0.01,"runs":9,"gbps":10},
{"case":"ops/conv/wide/forward/batch64","phase":"forward","median_s":$2,"spread":0.01,"runs":9,"gflops":50,"gbps":2,"share":0.5},
{"case":"ops/conv/other/forward/batch64","phase":"forward","median_s":1,"spread":0.01,"runs":9,"gflops":5,"gbps":5,"share":0.5},
{"case":"ops/conv/bad/forward/batch64","phase":"forward","runs":0,"error":"wrong: element 3 is 1 and not 2"},
{"case":"train/digits/base4/batch8","phase":"step","median_s":0.5,"spread":0.01,"runs":9,"images_per_s":16}]}
EOF
}
result a.json 0.010
result near.json 0.0101
result slow.json 0.0111
result fast.json 0.0050

# The same file is equal to itself in everything, and fails at no threshold.
works "$CLGAN" bench compare a.json a.json --fail-if-slower 0
says 'B against A: 5 equal' out
says 'geometric mean 1.00' out
holds test "$(grep -cE ' (slower|faster|unsure) ' out)" -eq 0
# Inside the noise: equal. Outside it: by how much; a failure only beyond the threshold.
works "$CLGAN" bench compare a.json near.json --fail-if-slower 0
holds grep -qE '^ops/conv/wide/forward/batch64 .* equal 0.99 \(0.97-1.01\)' out
fails 1 'slow.json: 1 of 5 cases are slower by more than 5 %' "$CLGAN" bench compare a.json slow.json --fail-if-slower 5
says '11.0 % longer' err
holds grep -qE '^ops/conv/wide/forward/batch64 .* slower 0.90 \(0.88-0.92\)' out
works "$CLGAN" bench compare a.json slow.json --fail-if-slower 12
works "$CLGAN" bench compare a.json near.json slow.json fast.json --changed
says 'D against A: 4 equal, 1 faster' out
holds grep -qE '^ops/conv/wide.* faster 2.00' out
holds test "$(grep -c '^ops/conv/other' out)" -eq 0
says 'A: ops/conv/bad/forward/batch64: wrong: element 3' out
fails 1 'near.json: 1 of 5' "$CLGAN" bench compare fast.json near.json --fail-if-slower 5

# What got lost, what broke.
grep -v '"ops/conv/other' a.json >less.json
works "$CLGAN" bench compare a.json less.json --fail-if-slower 5
says 'less.json lacks 1 of the cases' err
sed '/conv.other/s/"median_s.*/"runs":0,"error":"the driver failed"},/' a.json >broken.json
fails 1 'ops/conv/other/forward/batch64 is broken' "$CLGAN" bench compare a.json broken.json --fail-if-slower 50

# Whole and plausible, or what is not.
works "$CLGAN" bench compare --check a.json slow.json
says 'a.json: whole and plausible: 6 rows of a <device>' out
sed 's/"images_per_s":16/"images_per_s":160/; s/"gflops":50/"gflops":5000/; s/"2026-01-31T12:00:00Z"/"yesterday"/; s/"cores":2/"cores":0/' \
  a.json >odd.json
fails 1 '1 of 2 results are not whole and plausible' "$CLGAN" bench compare --check a.json odd.json
for line in 'odd.json: date is missing or' 'odd.json: machine.cores is 0' 'odd.json: row 3, ops/conv/wide/forward/batch64: gflops is 5000' \
  'odd.json: row 6, train/digits/base4/batch8: images_per_s is 160'; do
  says "$line" out
done
# The results that ship are.
works "$CLGAN" bench compare --check "$CLGAN_SRC"/bench/results/*.json
head -c 300 a.json >cut.json
echo '{"schema":"something-else/1","rows":[]}' >other.json
fails 1 'cut.json' "$CLGAN" bench compare a.json cut.json
fails 1 'cut.json' "$CLGAN" bench compare --check cut.json
fails 1 'is not of schema clgan-bench/1' "$CLGAN" bench compare other.json
fails 1 'no-such.json' "$CLGAN" bench compare a.json no-such.json
grep -v '"ops/\|"device/' a.json >a-train.json
grep -v '"train/' a.json | sed 's/"error":"wrong.*/"error":"x"}]}/' >a-ops.json
fails 1 'no measured case in common' "$CLGAN" bench compare a-ops.json a-train.json --fail-if-slower 5
fails 2 'compare what?' "$CLGAN" bench compare
fails 2 'a file to compare with' "$CLGAN" bench compare a.json --fail-if-slower 5
fails 2 'measures nothing' "$CLGAN" bench compare a.json --quick
fails 2 'clgan bench compare A.json' "$CLGAN" bench devices --check
fails 2 '.html' "$CLGAN" bench compare a.json --html page.txt
fails 1 'no-folder' "$CLGAN" bench compare a.json --html no-folder/page.html

# The page holds everything, and nothing from elsewhere; names are text in it.
works "$CLGAN" bench compare a.json slow.json --html page.html
for word in '<h1>clgan bench: 2 results side by side</h1>' 'a &lt;device&gt; &amp; more' '<svg ' 'wrong: element 3' \
  '0.90 (0.88–0.92) slower' 'class="line s1"' '</html>'; do
  says "$word" page.html
done
checks=$((checks + 1))
grep -qE '(src|href)="?(http|//)|<script|<device>' page.html && problem 'the page wants something from elsewhere, or holds markup of a name'
works "$CLGAN" bench compare a.json --html one.html
says '50 %' one.html
# On a phone a row's cells go below each other and bear their titles.
says '<table class="stack">' page.html
says 'data-t="B times as fast as A">0.90 (0.88–0.92) slower<' page.html

# A peer's results bear its name.
sed 's/"source":{/"source":{"peer":"somegrad",/' a.json >peer.json
works "$CLGAN" bench compare a.json peer.json --html peer.html
says '>somegrad on a &lt;device&gt; &amp; more<' peer.html
says '</title>B somegrad on a &lt;device&gt;' peer.html
says '; somegrad 0.1.0' peer.html
says '; clgan 0.1.0' peer.html

# One row alone is a page whose axes have numbers; of 500 none is lost; a long name is whole in table and title, cut in the legend.
long='NVIDIA-like GPU with a marketing name that never ends (TM), 24 GiB of memory, revision a1, and_a_word_that_cannot_be_broken_anywhere'
grep -v '"ops/conv/[ob]\|"device/\|"train/' a.json | sed 's/"share":0.5},/"share":0.5}]}/' >row.json
works "$CLGAN" bench compare row.json --html row.html
holds test "$(grep -c 'text-anchor="middle">[1-9]' row.html)" -ge 2
result long.json 0.010 "$long"
awk '/"ops\/conv\/wide/ { for (i = 1; i <= 500; i++) { line = $0; sub("conv/wide", "conv/wide " i " of many", line); print line } next } { print }' \
  long.json >many.json
works "$CLGAN" bench compare many.json a.json --html many.html
for i in 1 250 500; do
  holds test "$(grep -c "<td[^>]*>wide $i of many<" many.html)" -eq 1
  holds test "$(grep -c "/title>wide $i of many<" many.html)" -eq 1
done
says "A $long</title>A NVIDIA-like GPU with a" many.html
says '…</text>' many.html
says '<td data-t="device">NVIDIA-like GPU with a marketing name' many.html
says 'and_a_<wbr>word_<wbr>that_' many.html

# A kernel slowed down on purpose.
"$CLGAN" devices >devices.out 2>devices.err || { passed; exit; }
cp -R "$CLGAN_SRC/kernels" kernels
chmod -R u+w kernels
sed 's/const float scale = p.has_scale .*/& for (volatile int slow = 0; slow < 1000000; slow++);/' \
  "$CLGAN_SRC/kernels/conv_reg.cl" >kernels/conv_reg.cl
checks=$((checks + 1))
cmp -s kernels/conv_reg.cl "$CLGAN_SRC/kernels/conv_reg.cl" && problem "const float scale ... is not in conv_reg.cl: adapt this test"
measure() { # FILE
  CLGAN_FAMILY=reg "$CLGAN" bench ops --quick --quiet --batch 2 --only 'digits conv1' --pass forward --json "$1" --csv "$1.csv"
}
works measure before.json
holds grep -qE '^[^,]*,[^,]*,[^,]*,ops/conv/digits conv1/forward/batch2,forward,' before.json.csv
CLGAN_KERNEL_DIR=$work/kernels
export CLGAN_KERNEL_DIR
works measure after.json
fails 1 'ops/conv/digits conv1/forward/batch2' "$CLGAN" bench compare before.json after.json --fail-if-slower 5
works "$CLGAN" bench compare after.json after.json --fail-if-slower 5
passed
