-- What a probe does when the script reaches it: hit counts, conditions, log messages, and the stop.
--
-- Invariant: nothing is asked of Python unless a breakpoint stops or logs. Returns what takes over the breakpoints
-- that are in force.
local library, presentation, evaluation, state, pull_breakpoints, log = ...

local type, pcall, raw_load, error = library.type, library.pcall, library.load, library.error
local format, concat, unpack = library.string.format, library.table.concat, library.table.unpack
local coroutine, getinfo, getmetatable = library.coroutine, library.debug.getinfo, library.debug.getmetatable
local running, status, rebuild = coroutine.running, coroutine.status, library.rebuild
local frame_environment, varargs_in = evaluation.frame_environment, evaluation.varargs_in
local scalar_text, preview = presentation.scalar_text, presentation.preview

local sites, hits = {}, {}
state.sites_by_line = {}

-- sites: id -> {site, source, line, breakpoints}; hits: breakpoint id -> how often it was reached with its condition.
local function update()
  local shape, scalars
  local function collect(first, ...) shape, scalars = first, { ... } end
  collect(pull_breakpoints())
  local known, by_line, counted = {}, {}, {}
  for _, site in library.ipairs(rebuild(shape, scalars)) do
    known[site.site] = site
    by_line[site.source] = by_line[site.source] or {}
    by_line[site.source][site.line] = site.site
    for _, breakpoint in library.ipairs(site.breakpoints) do counted[breakpoint.id] = hits[breakpoint.id] or 0 end
  end
  sites, state.sites_by_line, hits = known, by_line, counted
end

local COMPARISONS = {
  ["=="] = function(count, n) return count == n end,
  [">="] = function(count, n) return count >= n end,
  [">"] = function(count, n) return count > n end,
  ["<="] = function(count, n) return count <= n end,
  ["<"] = function(count, n) return count < n end,
  ["%"] = function(count, n) return count % n == 0 end,
}

-- Levels of the script's thread, seen from the inspecting coroutine: 0 resume, 1 here, 2 the caller, 3 the probe, 4
-- the script's function. None of these calls may be a tail call.
local SCRIPT_LEVEL <const> = 4
local function evaluate_here(code)
  local thread = running()
  local inspector = coroutine.create(function()
    local info = getinfo(thread, SCRIPT_LEVEL, "fSu")
    local environment = frame_environment(thread, SCRIPT_LEVEL, info)
    local chunk, message = raw_load("return " .. code, "=breakpoint", "t", environment)
    if not chunk then error(message, 0) end
    if info.isvararg then return chunk(varargs_in(thread, SCRIPT_LEVEL)) end
    return chunk()
  end)
  local ok, value = coroutine.resume(inspector)
  if ok and status(inspector) ~= "dead" then
    coroutine.close(inspector)
    return false, "attempt to yield from a breakpoint"
  end
  return ok, value
end

local function holds(breakpoint, condition)
  local ok, value
  if breakpoint.inline then ok, value = pcall(condition) else ok, value = evaluate_here(breakpoint.condition) end
  if ok then return value end
  if value == library.interrupted or value == library.terminated then error(value, 0) end
  return true, format("condition '%s' failed: %s", breakpoint.condition, library.text_of(value))
end

local function log_text(breakpoint)
  local parts = {}
  for i, part in library.ipairs(breakpoint.log) do
    if part.text then parts[i] = part.text else
      local ok, value = evaluate_here(part.expression)
      if not ok then
        parts[i] = "<" .. library.text_of(value) .. ">"
      else
        parts[i] = type(value) == "string" and value or type(value) == "table" and preview(value) or scalar_text(value)
      end
    end
  end
  return concat(parts)
end

-- Probes are written as `""<<site` or `"site"<<function`: the shift of a string, which has no other meaning.
local function probe(left, right)
  local site_id, condition = right, nil
  if left ~= "" then site_id, condition = library.tonumber(left), right end
  local site = sites[site_id]
  if type(left) ~= "string" or condition ~= nil and type(condition) ~= "function" then
    error("attempt to perform bitwise operation on a string value", 2)
  end
  if not site or state.inspecting then return end
  local skipped = state.skipped
  local here = skipped and skipped.site == site_id and skipped.thread == running()
  state.skipped = nil
  local reached, count, text = {}, 0, ""
  for _, breakpoint in library.ipairs(site.breakpoints) do
    local hit, message = true, nil
    if breakpoint.condition then hit, message = holds(breakpoint, condition) end
    if hit then
      hits[breakpoint.id] = hits[breakpoint.id] + 1
      if breakpoint.hit_operator then
        hit = COMPARISONS[breakpoint.hit_operator](hits[breakpoint.id], breakpoint.hit_count)
      end
    end
    if hit and breakpoint.log and not message then
      log(log_text(breakpoint), site.source, site.line)
    elseif hit then
      count = count + 1
      reached[count] = breakpoint.id
      text = message or text
    end
  end
  if count > 0 and not here then state.park("breakpoint", text, unpack(reached, 1, count)) end
end

getmetatable("").__shl = probe

return update
