# counts.awk LOG: what the summaries in a test log add up to, as `passed failed skipped`; nothing when there is none.
# Read are Catch2's, busted's and our own last line.
{ gsub(/\033\[[0-9;]*m/, "") }
/^All tests passed \(.* in [0-9]+ test cases?\)/ { n = split($0, word, " "); passed += word[n - 2]; seen = 1 }
/^test cases: / {
  n = split($0, part, "|")
  for (i = 2; i <= n; i++) {
    split(part[i], word, " ")
    if (part[i] ~ /passed|failed as expected/) passed += word[1]
    else if (part[i] ~ /failed/) failed += word[1]
    else if (part[i] ~ /skipped/) skipped += word[1]
  }
  seen = 1
}
/^[0-9]+ success(es)? \/ [0-9]+ failures? \/ [0-9]+ errors? \/ [0-9]+ pending/ {
  passed += $1; failed += $4 + $7; skipped += $10; seen = 1
}
/^[a-z]+: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { passed += $2; failed += $4; skipped += $6; seen = 1 }
END { if (seen) print passed + 0, failed + 0, skipped + 0 }
