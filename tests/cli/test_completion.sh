#!/bin/sh
# Shell completion and man page know every subcommand and option that --help tells of, and complete what they should.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

built=$(dirname "$CLGAN")
[ -f "$built/clgan.1" ] || skip "no completion was built (cross-compiled?)"
# Words and options that the manual names, one a line, less its escapes.
sed 's/\\f[BIR]//g; s/\\-/-/g; s/\\(aq/'"'"'/g' "$built/clgan.1" | tr ' ,' '\n\n' | sort -u >manual

"$CLGAN" --help >help || problem 'no help'
subcommands=$(sed '1,/^subcommands:/d; /^$/,$d; s/^ *//; s/ .*//' help)
[ -n "$subcommands" ] || problem 'no subcommands'
for sub in $subcommands; do
  holds grep -qx "$sub" manual
  says "    $sub)" "$built/completions/_clgan"
  "$CLGAN" "$sub" --help >sub-help
  options=$(sed -n 's/^  \(-., \|    \)\(--[a-z0-9-]*\).*/\2/p' sub-help)
  [ -n "$options" ] || problem "$sub has no options"
  sed -n "/^    $sub)\$/,/;;/p" "$built/completions/_clgan" >zsh-case
  for option in $options; do
    holds grep -qx -e "$option" manual
    holds grep -q "^\(_clgan_table='\)\?$sub $option [a-z:,]*'\?\$" "$built/completions/clgan"
    holds grep -qE -e "[{',]$option(=|-|\[|=-|\}|')" zsh-case
  done
done
checks=$((checks + 1))
grep -q '@[A-Z]*@' "$built/clgan.1" "$built/completions/clgan" "$built/completions/_clgan" && problem 'a mark was not filled in'

# The tools that judge such files, where they are installed.
if command -v mandoc >/dev/null; then works mandoc -Tlint "$built/clgan.1"; fi
if command -v groff >/dev/null && groff -man -Tascii /dev/null >/dev/null 2>&1; then
  checks=$((checks + 1))
  groff -ww -man -Tascii "$built/clgan.1" >out 2>err || problem 'groff fails'
  [ ! -s err ] || problem "groff: $(head -3 err)"
fi
if command -v zsh >/dev/null; then works zsh -n "$built/completions/_clgan"; fi

# bash, as if asked at the end of a line.
if command -v bash >/dev/null; then
  cat >ask <<'EOF'
. "$1"
COMP_LINE=$2 COMP_POINT=${#2} COMPREPLY=()
_clgan
printf '%s\n' "${COMPREPLY[@]}"
EOF
  completes() { # LINE WORD: one of the answers
    checks=$((checks + 1))
    PATH=$built:$PATH bash ask "$built/completions/clgan" "$1" >answers 2>err
    grep -qxF -e "$2" answers || problem "'$1' is not completed by $2: $(tr '\n' ' ' <answers) $(cat err)"
  }
  : >weights-here.safetensors
  completes 'clgan ' train
  completes 'clgan ge' generate
  completes 'clgan help ge' generate
  completes 'clgan train --chec' --checkpoint-every
  completes 'clgan train -' -b
  completes 'clgan train --model fa' faces64
  completes 'clgan train --model=fa' faces64
  completes 'clgan train -m fa' faces64
  completes 'clgan train --set lr' lr_g=
  completes 'clgan train --data bu' builtin
  completes 'clgan train --device c' cpu
  completes 'clgan generate --gender f' female
  completes 'clgan reconstruct --split te' test
  completes 'clgan generate --weights we' weights-here.safetensors
  completes 'clgan reconstruct we' weights-here.safetensors
  completes 'clgan train --batch ' ''
  if "$CLGAN" devices >devices.out 2>/dev/null; then
    completes 'clgan train --device ' "$(sed -n 's/^\* \([0-9:]*\) .*/\1/p' devices.out)"
  fi
fi
passed
