-- Numbers that are the same everywhere, so that a failure can be repeated by its seed.

---@param seed integer
---@return fun(below: integer): integer from 0 on
return function(seed)
  local state = seed
  return function(below)
    state = (state * 1103515245 + 12345) % 2147483648
    return math.floor(state / 65536) % below
  end
end
