# describe.awk: fills a template from `clgan --describe`. -v target=bash|zsh|man; files: the description, the template.
# What the value of an option is, where its name tells; else a number, or the name of a file.
function kind_of(name, kind) {
  if (kind == "flag" || kind == "number") return kind
  if (name == "--model") return "model"
  if (name == "--device") return "device"
  if (name == "--data") return "data"
  if (name == "--gender") return "gender"
  if (name == "--split") return "split"
  if (name == "--format") return "format"
  if (name == "--set") return "setting"
  if (name ~ /^--(digit|class|age|crop|size|label|cols|part)$/) return "number"
  return kind == "maybe" ? "maybe" : "file"
}
function shell(text) { gsub(/'/, "'\\''", text); return text }

# -- bash --
function bash_row(option, kind) { table = table sub_name " " option " " kind "\n" }

# -- zsh --
function zsh_text(text) { gsub(/\\/, "\\\\", text); gsub(/:/, "\\:", text); gsub(/\[/, "\\[", text); gsub(/\]/, "\\]", text); return shell(text) }
function zsh_action(kind) {
  if (kind == "model") return "_clgan_models"
  if (kind == "device") return "_clgan_devices"
  if (kind == "data") return "_clgan_data"
  if (kind == "setting") return "_clgan_settings"
  if (kind == "gender") return "(male female both)"
  if (kind == "split") return "(train test holdout)"
  if (kind == "format") return "(mnist utkface ffhq csv)"
  return kind == "number" ? " " : "_files"
}
function zsh_option(name, letter, kind, argument, help,   names, value, first) {
  first = kind == "texts" ? "*" : letter == "-" ? "" : "(-" letter " " name ")"
  value = kind == "flag" ? "" : (kind == "maybe" ? "::" : ":") zsh_text(argument) ":" zsh_action(kind_of(name, kind))
  if (letter == "-")
    names = "'" first name (kind == "flag" ? "" : kind == "maybe" ? "=-" : "=")
  else
    names = "'" first "'{-" letter (kind == "flag" ? "" : "+") "," name (kind == "flag" ? "" : "=") "}'"
  cases = cases " \\\n        " names "[" zsh_text(help) "]" value "'"
}
function zsh_end() {
  if (!open_case) return
  cases = cases (operands ? " \\\n        '*:file:_files'" : "") "\n      ;;\n"
  open_case = 0
}

# -- man --
function roff(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  gsub(/`/, "\\(ga", text)
  gsub(/'/, "\\(aq", text)
  gsub(/\^/, "\\(ha", text)
  gsub(/~/, "\\(ti", text)
  return text
}
# Prose in lines of at most 78 bytes, none of which looks like a request.
function prose(text,   words, n, i, out, line) {
  n = split(roff(text), words, " ")
  for (i = 1; i <= n; i++) {
    if (line != "" && length(line) + 1 + length(words[i]) > 78) { out = out line "\n"; line = "" }
    line = line == "" ? (words[i] ~ /^[.]/ ? "\\&" : "") words[i] : line " " words[i]
  }
  return out line
}
function bold(text) { return "\\fB" roff(text) "\\fR" }
function man_end() {
  if (in_examples) man = man ".EE\n.in\n"
  in_examples = 0
}
function man_option(name, letter, kind, argument, help,   value) {
  value = kind == "flag" ? "" : kind == "maybe" ? " [\\fI" roff(argument) "\\fR]" : " \\fI" roff(argument) "\\fR"
  man = man ".TP\n" (letter == "-" ? "" : bold("-" letter) ", ") bold(name) value "\n" prose(help) "\n"
}

BEGIN { FS = "\t"; table = ""; man = ""; cases = ""; about = 0 }
FNR == 1 { file++ }
file == 1 && $1 == "version" { version = $2 }
file == 1 && $1 == "subcommand" {
  zsh_end(); man_end()
  sub_name = $2
  subcommands = subcommands (subcommands == "" ? "" : " ") $2
  zsh_list = zsh_list (zsh_list == "" ? "" : "\n") "    '" $2 ":" shell($3) "'"
  man = man ".SS clgan " $2 "\n"
  summary = $3
}
file == 1 && $1 == "command" {
  operands = $3 == "operands"
  if (operands) bash_row(".operands", "file")
  cases = cases "    " sub_name ")\n      _arguments -s"
  open_case = 1
  synopses = 0; about = 0
}
file == 1 && $1 == "synopsis" {
  man = man (synopses++ ? ".br\n" : "") bold("clgan " sub_name) " " roff($2) "\n"
}
file == 1 && $1 == "about" { man = man (about++ ? "" : ".PP\n") prose($2) "\n" }
file == 1 && $1 == "option" {
  bash_row($2, kind_of($2, $4))
  if ($3 != "-") bash_row("-" $3, kind_of($2, $4))
  zsh_option($2, $3, $4, $5, $6)
  # what every subcommand has is told once
  if ($2 !~ /^--(quiet|verbose|help)$/) man_option($2, $3, $4, $5, $6)
}
file == 1 && $1 == "example" {
  if (!in_examples) man = man ".PP\nExamples:\n.PP\n.in +4n\n.EX\n"
  in_examples = 1
  sub(/^ */, "", $2)
  man = man roff($2) "\n"
}
file == 1 && $1 == "model" { models = models (models == "" ? "" : " ") $2 }
file == 1 && $1 == "setting" {
  settings = settings (settings == "" ? "" : " ") $2 "="
  man_settings = man_settings ".TP\n" bold($2) "\n" prose($3) "\n"
}

file == 2 && FNR == 1 { zsh_end(); man_end(); sub(/\n$/, "", table); sub(/\n$/, "", cases); sub(/\n$/, "", man); sub(/\n$/, "", man_settings) }
# A line that is nothing but a mark, and marks inside lines.
file == 2 {
  line = $0
  if (target == "man" && line == "@SUBCOMMANDS@") { print man; next }
  if (target == "man" && line == "@SETTINGS@") { print man_settings; next }
  if (target == "zsh" && line == "@SUBCOMMANDS@") { print zsh_list; next }
  if (target == "zsh" && line == "@CASES@") { print cases; next }
  replace("@TABLE@", table)
  replace("@VERSION@", version)
  replace("@DATE@", date)
  replace("@SUBCOMMANDS@", subcommands)
  replace("@MODELS@", models)
  replace("@SETTINGS@", settings)
  print line
}
function replace(mark, text,   at) {
  while ((at = index(line, mark)) > 0) line = substr(line, 1, at - 1) text substr(line, at + length(mark))
}
