-- report.lua LINES OUT COMMIT: the bars that the drivers printed as a table, and as one JSON array in OUT.
-- Exits 1 when a bar that was judged is missed. The last line counts them.
local lines_file, out_file, commit = unpack(_G.arg)

local bars, passed, failed, skipped = {}, 0, 0, 0
for line in io.lines(lines_file) do
  local ok, bar = pcall(vim.json.decode, line)
  if ok and type(bar) == 'table' and bar.bar then
    bar.commit = commit
    bars[#bars + 1] = bar
  end
end

local function number(figure)
  if type(figure) ~= 'number' then return '-' end
  if figure >= 1e9 then return '-' end
  return (figure == math.floor(figure) or figure >= 1000) and ('%.0f'):format(figure) or ('%.3g'):format(figure)
end

print(('%-64s %10s %10s %10s %-9s %8s'):format('bar', 'figure', 'limit', 'floor', 'unit', 'n'))
for _, bar in ipairs(bars) do
  if bar.skipped then
    skipped = skipped + 1
    print(('%-64s skip: %s'):format(bar.bar, bar.skipped))
  else
    local judged = bar.judged ~= false
    local verdict = bar.pass and '' or (judged and '  MISSED' or '  (over, not judged in a sample)')
    if bar.pass or not judged then passed = passed + 1 else failed = failed + 1 end
    print(('%-64s %10s %10s %10s %-9s %8s%s'):format(bar.bar, number(bar.figure), number(bar.limit), number(bar.floor), bar.unit or '',
      number(bar.n), verdict))
  end
end

local out = assert(io.open(out_file .. '.tmp', 'w'))
out:write('[\n')
for i, bar in ipairs(bars) do
  out:write(vim.json.encode(bar), i < #bars and ',' or '', '\n')
end
out:write(']\n')
out:close()
assert(os.rename(out_file .. '.tmp', out_file))
print(('bars: %d passed, %d failed, %d skipped'):format(passed, failed, skipped))
os.exit(failed == 0 and 0 or 1)
