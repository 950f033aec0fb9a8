-- Keys as a person types them. What is asked would stop the editor: then the test fails.

---@param world table
---@param editor table
---@param keys string
return function(world, editor, keys)
  editor:request('nvim_input', keys)
  local mode
  world:wait(function()
    mode = editor:request('nvim_get_mode')
    return not mode.blocking
  end, 'an editor that asks nothing after ' .. keys, 3000, function() return mode end)
end
