#!/bin/sh
# The rules of docs/architecture.md that a compiler does not check: includes point one way, only src/cl includes
# OpenCL's and CLBlast's headers, only src/main.c calls exit. bench/peers has programs of their own.
set -u
root=${CLGAN_SRC:-$(dirname "$0")/..}
cd "$root" || exit 1
files=$(find src bench -name '*.[ch]' ! -name embedded_data.c ! -path 'bench/peers/*' 2>/dev/null | LC_ALL=C sort)
[ -n "$files" ] || { echo "no sources found under $PWD"; exit 1; }

# shellcheck disable=SC2086  # file names hold no spaces
awk '
  # A folder may include itself and what ranks below: cmd -> bench -> train -> model -> graph -> tune -> ops -> cl -> base; api lies on train, beside bench.
  BEGIN {
    n = split("base cl ops tune graph model train bench cmd", order, " ")
    for (i = 1; i <= n; i++) rank[order[i]] = i
    rank["api"] = rank["bench"]                # behind clgan.h: nothing includes it
    rank["ref"] = 1.5; rank["data"] = 1.5   # on base, beside the rest: anything above base may use them
    bad = 0
  }
  function complain(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad = 1 }
  FNR == 1 {
    split(FILENAME, part, "/")
    own = part[1] == "bench" ? "bench" : part[2]
    if (FILENAME == "src/main.c") own = "cmd"
    if (!(own in rank)) complain("unknown folder " own)
    checked++
  }
  /^[ \t]*#[ \t]*include/ {
    name = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*[<"]/, "", name)
    sub(/[>"].*/, "", name)
    if (name ~ /^(CL|OpenCL)\// || name ~ /^clblast/) {
      if (own != "cl") complain("includes <" name ">: only src/cl may")
      next
    }
    if ($0 !~ /"/) next
    if (name ~ /\.\./) complain("includes \"" name "\" by a relative path")
    if (name !~ /\//) next
    split(name, target, "/")
    to = target[1]
    if (!(to in rank) || to == own) next
    if (to == "api" || (own == "api" && to == "bench") || name == "train/loop.h" && own == "api")
      complain(own " includes " name ": api stands alone on train, without its signals")
    if ((own == "ref" || own == "data") && to != "base") complain(own " sits on base but includes " name)
    else if (rank[to] > rank[own]) complain(own " includes " name ", which lies above it")
  }
  /(^|[^A-Za-z0-9_.>"])(exit|_exit|_Exit|quick_exit)[ \t]*\(/ && FILENAME != "src/main.c" {
    line = $0
    sub(/\/\/.*/, "", line); sub(/\/\*.*/, "", line); sub(/^[ \t]*\*.*/, "", line)
    gsub(/"([^"\\]|\\.)*"/, "", line)
    if (line ~ /(^|[^A-Za-z0-9_.>])(exit|_exit|_Exit|quick_exit)[ \t]*\(/) complain("calls exit: only src/main.c may")
  }
  END {
    printf "%d files, %s\n", checked, bad ? "rules broken" : "rules kept"
    exit bad
  }' $files
