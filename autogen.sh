#!/bin/sh
# Makes ./configure from a fresh checkout, after gathering the tree's lists of files in lists.am.
set -eu
cd "$(dirname "$0")"

# NAME = FILE..., one per line; missing patterns give an empty list.
list() {
  name=$1; shift
  printf '%s =' "$name"
  for f; do [ -f "$f" ] && printf ' \\\n  %s' "$f"; done
  printf '\n'
}

write_lists() {
  echo "# Written by ./autogen.sh: run it again after adding a fragment, kernel, model, page, script or golden file."
  for f in src/*/*.am bench/*.am tests/fuzz/*.am; do [ -f "$f" ] && echo "include $f"; done
  [ -f src/main.c ] && printf 'bin_PROGRAMS += clgan\nclgan_SOURCES += src/main.c\n'
  list KERNEL_FILES kernels/*.cl kernels/*.clh
  list TUNING_FILES kernels/tunings/*
  list MODEL_FILES models/*.model
  list MODEL_WEIGHTS models/*.safetensors models/*.md
  list DATA_FILES README.md CHANGELOG.md quickstart docs/*.md docs/*.png docs/examples/* bench/peers/*.py bench/peers/*.md bench/results/*.json \
    tests/oclgrind.sh tests/golden/* tests/golden/*/* tests/cli/*.sh tests/cli/*.py tests/cli/*.model tests/robust/*.sh tests/fuzz/*.sh tests/fuzz/*.dict \
    tests/fuzz/cases/*/*
  echo 'EXTRA_DIST += $(DATA_FILES)'
  if [ -f src/main.c ]; then
    for t in tests/cli/test_*.sh; do [ -f "$t" ] && echo "TESTS += $t"; done
  fi
  echo "if HAVE_CMOCKA"
  for f in tests/unit/*.am; do [ -f "$f" ] && echo "include $f"; done
  echo "endif"
}

LC_ALL=C; export LC_ALL
write_lists > lists.am.new || true
if cmp -s lists.am.new lists.am; then rm -f lists.am.new; else mv -f lists.am.new lists.am; fi
mkdir -p m4 build-aux
exec autoreconf --install --force --warnings=all,no-portability,no-override
