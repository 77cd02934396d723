#!/bin/sh
# report: the page of a run, of one without checkpoint or with a damaged log, checkpoint or sheet.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

mkdir -p run/samples
cat >run/log.jsonl <<'EOF'
{"step":0,"images":8,"seconds":1.0,"images_per_s":8,"d":1.5,"adversarial":1.25,"cycle_x":1,"cycle_z":0.5}
{"step":10,"images":88,"seconds":2.0,"images_per_s":44,"d":1.25,"adversarial":1.5,"cycle_x":0.5,"cycle_z":0.25}
{"step":20,"images":168,"sec
this is no line
{"step":30,"images":248,"seconds":0.5,"images_per_s":80,"d":1.2,"adversarial":1.5,"cycle_x":0.4,"cycle_z":0.2}
{"step":40,"images":328,"seconds":1.5,"images_per_s":80,"d":1.1,"adversarial":1.5,"cycle_x":0.3,"cycle_z":0.1}
{"step":50,"images":4
EOF
printf 'no picture' >run/samples/step-000010.png

works "$CLGAN" report run -o page.html
says 'page.html: 4 logged steps, 1 sample sheets, no checkpoint' out
says '3 of its lines cannot be read and are left out, line 3 first' err
says 'step-000010.png' err
for word in 'Last logged: step 40, 328 images in 4 s (2 starts).' '3 of 7 lines of log.jsonl cannot be read' \
  'There is no checkpoint yet' '>cycle_x, cycle_z</figcaption>' '>d, adversarial</figcaption>' '<h2>Throughput</h2>' \
  'The sheet of step 10 cannot be read' 'class="line s1"' '</html>'; do
  says "$word" page.html
done
checks=$((checks + 1))
grep -qE '(src|href)="?(http|//)|<script' page.html && problem 'the page wants something from elsewhere'

# One line is a point in each chart; of 500 with many losses each is drawn, and long names are cut in legends alone.
mkdir one many
head -n 1 run/log.jsonl >one/log.jsonl
works "$CLGAN" report one -o one.html
holds test "$(grep -c '<circle class="s[01]".* r="3"' one.html)" -eq 4
awk 'BEGIN { for (i = 0; i < 500; i++) {
  printf "{\"step\":%d,\"images\":%d,\"seconds\":%d,\"a_loss_with_a_name_that_is_too_long_for_any_legend\":%g", 20 * i, 640 * i, i, 2 + i % 7
  for (k = 0; k < 12; k++) printf ",\"part_%d\":%g", k, i % (k + 2)
  print "}" } }' >many/log.jsonl
works "$CLGAN" report many -o many.html
says 'many.html: 500 logged steps' out
says '<title>a_loss_with_a_name_that_is_too_long_for_any_legend</title>a_loss_with_a_name_that' many.html
says '…</text>' many.html
says '<title>others</title>others</text>' many.html
says 'means of about 3 logged steps each' many.html

# A checkpoint that is none is said, and the rest is told.
echo 'no checkpoint' >run/checkpoint.safetensors
works "$CLGAN" report run -o page.html --sheets 0
says 'The checkpoint cannot be read' page.html
holds test "$(grep -c 'The sheet of' page.html)" -eq 0
: >run/log.jsonl
works "$CLGAN" report run -o page.html
says 'The log holds no step.' page.html

fails 2 'clgan report RUN -o' "$CLGAN" report -o page.html
fails 2 'one run at a time' "$CLGAN" report run run -o page.html
fails 2 '-o F.html is missing' "$CLGAN" report run
fails 2 '.html' "$CLGAN" report run -o page.txt
fails 1 'no log.jsonl' "$CLGAN" report run/samples -o page.html
fails 1 'no log.jsonl' "$CLGAN" report nowhere -o page.html
fails 1 'no-folder' "$CLGAN" report run -o no-folder/page.html

# A real run: its sheet is in the page, its settings are, also where the log goes on after the checkpoint.
"$CLGAN" devices >devices.out 2>devices.err || { passed; exit; }
must tiny real 2
works "$CLGAN" report real -o real.html
says '<h1>A run of digits</h1>' real.html
says 'data:image/png;base64,' real.html
says '<td class="k">lambda_x</td><td' real.html
says 'The checkpoint is of step 2.' real.html
echo '{"step":7,"images":64,"seconds":9,"d":1}' >>real/log.jsonl
works "$CLGAN" report real -o real.html
says 'the log goes on to step 7' real.html
passed
