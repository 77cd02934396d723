#!/bin/sh
# The shared library shows what include/clgan.h declares, all of it and nothing else.
set -u
root=${CLGAN_SRC:-$(dirname "$0")/..}
library=.libs/libclgan.so
command -v nm >/dev/null || { echo "skipped: no nm"; exit 77; }
[ -f "$library" ] || { echo "skipped: no $library"; exit 77; }
LC_ALL=C; export LC_ALL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A declaration may be broken over lines: they are joined up to the semicolon.
tr '\n' ' ' <"$root/include/clgan.h" | tr ';' '\n' | sed -n 's/.*CLGAN_API [^(]*[ *]\(clgan_[a-z0-9_]*\)(.*/\1/p' |
  sort >"$work/declared"
# The sanitizers' run-time puts names of its own beside ours.
nm -D --defined-only "$library" | awk '$2 ~ /^[A-Za-z]$/ { print $3 }' | grep -v '^_' |
  grep -vE '^(__|_init|_fini)' | sort >"$work/shown"
[ -s "$work/declared" ] || { echo "no declarations found"; exit 1; }
diff "$work/declared" "$work/shown" || { echo "declared (<) and shown (>) differ"; exit 1; }
echo "$(wc -l <"$work/shown") symbols, as declared"
