#!/bin/sh
# layers.sh: includes point one way only, base <- os, wire, model <- peers <- engine <- daemon, cli, ffi; each library has
# one door. Prints every include that breaks the rule; the status says whether there was one.
set -eu
cd "$(dirname "$0")/.."

# shellcheck disable=SC2016 # awk's own
find native -name '*.cpp' -o -name '*.hpp' -o -name '*.h' | sort | xargs awk '
  BEGIN {
    may["base"] = " base "
    # What stands in front of every file is what every layer may have.
    may["precompiled.hpp"] = " base "
    may["os"] = " base os "
    may["wire"] = " base wire "
    may["model"] = " base model "
    may["peers"] = " base os wire model peers "
    may["engine"] = " base os wire model peers engine "
    may["daemon"] = may["engine"] "daemon "
    may["cli"] = may["engine"] "cli "
    may["ffi"] = may["engine"] "ffi "
  }
  function wrong(why) { printf "%s:%d: %s\n", FILENAME, FNR, why; broken = 1 }
  FNR == 1 { split(FILENAME, place, "/"); layer = place[2]; file = substr(FILENAME, 8) }
  /^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    to = quoted[2]
    sub(/\/.*/, "", to)
    # One program: its main is the one place that knows both faces.
    if (file == "cli/main.cpp" && to == "daemon") next
    if (quoted[2] !~ /\//) wrong("include \"" quoted[2] "\" is not relative to native/")
    else if (!(to in may)) wrong("no layer is called " to)
    else if (index(may[layer], " " to " ") == 0) wrong(layer " may not include " quoted[2])
  }
  /^[ \t]*#[ \t]*include[ \t]*<uv/ && layer != "daemon" { wrong("only daemon/ includes libuv") }
  /^[ \t]*#[ \t]*include[ \t]*<msgpack/ && file != "wire/msgpack.cpp" { wrong("only wire/msgpack.cpp includes msgpack") }
  /^[ \t]*#[ \t]*include[ \t]*<yaml/ && file != "model/config_yaml.cpp" { wrong("only model/config_yaml.cpp includes yaml-cpp") }
  /^[ \t]*#[ \t]*include[ \t]*<(iostream|format|expected|coroutine)>/ { wrong("not used here: " $0) }
  END { exit broken }
' || status=1

for tree in lua plugin; do
  [ -d "$tree" ] || continue
  doors=$(grep -rnE "require *\(? *['\"]ffi['\"]" "$tree" | grep -v '^lua/kra/native.lua:' || true)
  [ -z "$doors" ] || { printf '%s\n  only lua/kra/native.lua says ffi\n' "$doors"; status=1; }
done
exit "${status:-0}"
