#!/bin/sh
# Images that cannot be read: a line each, exit status 1, and the others of the command are handled all the same.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
need_device
weights=$CLGAN_SRC/models/digits.safetensors
[ -f "$weights" ] || skip "no $weights"

# A seven as JPEG: gray, and in inks (CMYK, as Adobe's programs store it).
base64 -d >gray.jpg <<'END'
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQ
YEpRUk//wAALCAAcABwBAREA/8QAGQAAAwADAAAAAAAAAAAAAAAAAAQGAgMH/8QAKRAAAQMDAwIFBQAAAAAAAAAAAQIDBAAFEQYSIQcxExUiQWFR
VpGT0//aAAgBAQAAPwDmFXflfTb7guX6z/KsdSaX05D0k3fLPc5bqXXQhnxk5DpyQRjakpI2qOTx6ce4qGopiBEcn3CNCZKUuSHUtIKjgAqIAz8c
1WdS5baLjBsEcK8Czx0tBax6lFSUnuOCNoR7DnPxUXRVt03jtQ35+pZ6MQ7awraokglxQxhPYE7cjBPdafrUdKkOy5T0qQve88tTjisAZUTknA47
mtVFMImy0QlwkSn0xXFblsBwhCjxyU9ieB+BS9Ff/9k=
END
base64 -d >inks.jpg <<'END'
/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2RjcsLUBXQUZMTlJTUjI+WmFaUGBK
UVJP/8AAFAgAHAAcBEMRAE0RAFkRAEsRAP/EABkAAQEBAQEBAAAAAAAAAAAAAAAGBAcCA//EACkQAAEEAQMCBQUBAAAAAAAAAAEAAgMEEQUSIQYx
BxMiQWEVUVaRk9P/2gAOBEMATQBZAEsAAD8A5guYLmC6crv6X4bfkGpfzP8Akrv6X4bfkGpfzP8Akrv6X4bfkGpfzP8Aki89SdL9OU+ko9c0fU7c
rZZQyHzm5EpyQRja0tI2uOTx6ce4XnqTpfpyn0lHrmj6nblbLKGQ+c3IlOSCMbWlpG1xyePTj3C89SdL9OU+ko9c0fU7crZZQyHzm5EpyQRja0tI
2uOTx6ce4RQyhlDIiIi0UKkl/UK1KEtbJYlbEwuOAC4gDPxytFCpJf1CtShLWyWJWxMLjgAuIAz8crRQqSX9QrUoS1sliVsTC44ALiAM/HKKs8S7
cbNRo6BXDvI0eu2IPePU4ua09xwRtDPYc5+FWeJduNmo0dArh3kaPXbEHvHqcXNae44I2hnsOc/CrPEu3GzUaOgVw7yNHrtiD3j1OLmtPccEbQz2
HOfhFFqLUWiIiK28N68VOe/1LfZinpsDtriSCZHDGG9gTtyME93t+6tvDevFTnv9S32Yp6bA7a4kgmRwxhvYE7cjBPd7furbw3rxU57/AFLfZinp
sDtriSCZHDGG9gTtyME93t+6KOtWJbdqa1Yfvmme6SR2AMuJyTgcdyo61Ylt2prVh++aZ7pJHYAy4nJOBx3KjrViW3amtWH75pnukkdgDLick4HH
covkvkvkiIiLQy7bZSfSZanbVkdufAJCGOPHJb2J4H6C0Mu22Un0mWp21ZHbnwCQhjjxyW9ieB+gtDLttlJ9JlqdtWR258AkIY48clvYngfoIs6z
rOiIiL//2Q==
END
# Broken ones: sizes of 2^31 and 2^31 - 1 a side, cut at several places, another kind of file, none, an empty one.
"$CLGAN" generate -q -w "$weights" --digit 4 -n 1 -o four.png || problem 'no picture to break'
printf '\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\200\000\000\000\200\000\000\000\010\000\000\000\000\330\337\006\226' >b1.png
printf '\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\177\377\377\377\177\377\377\377\010\000\000\000\000\061\242\124\272' >b2.png
head -c 100 gray.jpg >b3.jpg
head -c 300 gray.jpg >b4.jpg
head -c 400 inks.jpg >b5.jpg
head -c 2 gray.jpg >b6.jpg
head -c 100 four.png >b7.png
{ head -c 60 four.png; printf x; tail -c +62 four.png; } >b8.png
: >b9.png
echo 'not an image' >b10.png
bad='b1.png b2.png b3.jpg b4.jpg b5.jpg b6.jpg b7.png b8.png b9.png b10.png no-such-file.png'
suite=${CLGAN_DATA:-none}/pngsuite
if [ -d "$suite" ]; then
  for file in "$suite"/x*.png; do
    ln -s "$file" "$(basename "$file")"
    bad="$bad $(basename "$file")"
  done
else
  echo "no $suite: the corrupt files of PngSuite are left out"
fi

# told STATUS FILE...: the last command's status, and exactly a line of stderr for each file, in order.
told() {
  [ "$got" -eq "$1" ] || problem "exit status $got, not $1"
  shift
  checks=$((checks + 2))
  [ "$(wc -l <err)" -eq $# ] || problem "$(wc -l <err) lines on stderr for $# files: $(head -50 err)"
  line=0
  for name; do
    line=$((line + 1))
    case $(sed -n ${line}p err) in
      "clgan: $command: $name: "*) ;;
      *) problem "line $line does not name $name: $(sed -n ${line}p err)" ;;
    esac
  done
}
run() {
  command=$1
  "$CLGAN" "$@" -q -w "$weights" >out 2>err
  got=$?
}

# shellcheck disable=SC2086  # the list of files
for case in 'reconstruct png' 'transform png' 'encode csv' 'encode safetensors'; do
  kind=${case#* }
  run ${case% *} four.png gray.jpg inks.jpg -o good.$kind
  told 0
  run ${case% *} four.png $bad gray.jpg inks.jpg -o mixed.$kind
  told 1 $bad
  holds cmp good.$kind mixed.$kind
  run ${case% *} $bad -o none.$kind
  told 1 $bad
  holds test ! -e none.$kind
done
# Gray and inks show the same seven.
run encode gray.jpg inks.jpg -o sevens.csv
holds test "$(sed 1d sevens.csv | cut -d, -f2 | tr '\n' ' ')" = '7 7 '

for pair in 'b1.png four.png' 'four.png b1.png'; do
  # shellcheck disable=SC2086
  run interpolate $pair -o none.png
  told 1 b1.png
  # shellcheck disable=SC2086
  run interpolate $pair -o none/
  told 1 b1.png
done
run interpolate b1.png b7.png -o none.png
told 1 b1.png b7.png
holds test ! -e none.png
holds test ! -e none

# A part that not every image has: those that do not are left out; where none has it the use was wrong.
"$CLGAN" generate -q -w "$weights" -n 4 -o large.png || problem 'no large picture'
run transform four.png large.png --crop 28,0,28,28 -o part.png
told 1 four.png
png_is part.png 336 28
run transform four.png --crop 28,0,28,28 -o none.png
told 2 four.png
for crop in 1,2,3 1,2,0,4 -1,0,28,28 x 0,0,28,28,28 1.5,0,28,28; do
  fails 2 '--crop' "$CLGAN" encode -w "$weights" four.png --crop=$crop -o none.csv
done
fails 2 'only for image files' "$CLGAN" encode -w "$weights" --data builtin --crop 0,0,9,9 -o none.csv
passed
