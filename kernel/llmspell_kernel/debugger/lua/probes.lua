-- What a probe does when the script reaches it: hit counts, conditions, log messages, and the stop.
--
-- Invariant: nothing is asked of Python unless a breakpoint stops or logs. Returns what takes over the breakpoints
-- that are in force.
local library, presentation, evaluation, state, pull_breakpoints, log = ...

local type, pcall, raw_load, error, select = library.type, library.pcall, library.load, library.error, library.select
local gsub, find = library.string.gsub, library.string.find
local format, concat, unpack = library.string.format, library.table.concat, library.table.unpack
local coroutine, getinfo, getmetatable = library.coroutine, library.debug.getinfo, library.debug.getmetatable
local running, status, isyieldable = coroutine.running, coroutine.status, coroutine.isyieldable
local rebuild = library.rebuild
local frame_environment, varargs_in = evaluation.frame_environment, evaluation.varargs_in
local scalar_text, preview = presentation.scalar_text, presentation.preview

local sites, hits, ignored = {}, {}, {}
local evaluating -- the coroutine in which an expression of a breakpoint runs: nothing stops in it
function state.evaluating() return evaluating ~= nil and evaluating == running() end
state.sites_by_line = {}

-- sites: id -> {site, source, line, column, breakpoints, late}; of those that are enabled; `late` where there is no
-- probe (late.lua).
-- hits: breakpoint id -> how often it was reached with its condition; ignored: how often it did not stop for its
-- ignore count.
-- state.column: that of the statement at which a breakpoint is about to stop, where the client has named one.
-- state.sites_by_line: chunk name -> line -> the place of the line's first probe, which is what state.skipped names.
local function update()
  local shape, scalars
  local function collect(first, ...) shape, scalars = first, { ... } end
  collect(pull_breakpoints())
  local known, by_line, reached, passed, first = {}, {}, {}, {}, {}
  for _, site in library.ipairs(rebuild(shape, scalars)) do
    local enabled, count = {}, 0
    for _, breakpoint in library.ipairs(site.breakpoints) do
      local id = breakpoint.id
      reached[id], passed[id] = hits[id] or 0, ignored[id] or 0
      if breakpoint.enabled then
        count = count + 1
        enabled[count] = breakpoint
      end
    end
    if count > 0 then
      site.breakpoints, site.place = enabled, format("%d:%d:%s", site.line, site.column, site.source)
      known[site.site] = site
      if not site.late then
        local lines = by_line[site.source] or {}
        by_line[site.source] = lines
        local earlier = lines[site.line]
        if not earlier or site.column < first[earlier] then lines[site.line] = site.place end
        first[site.place] = site.column
      end
    end
  end
  sites, state.sites_by_line, hits, ignored = known, by_line, reached, passed
  state.take_late(known)
end

local COMPARISONS = {
  ["=="] = function(count, n) return count == n end,
  [">="] = function(count, n) return count >= n end,
  [">"] = function(count, n) return count > n end,
  ["<="] = function(count, n) return count <= n end,
  ["<"] = function(count, n) return count < n end,
  ["%"] = function(count, n) return count % n == 0 end,
}

-- Levels of the script's thread, seen from the inspecting coroutine: 0 resume, 1 here, 2 value_of, 3 its caller, 4
-- reach, then the script's function (a probe reaches by a tail call); from varargs_in they are the same. None of the
-- other calls may be a tail call. `level` is the script's.
local SCRIPT_LEVEL <const> = 5
local LEVELS_OF_INSPECTOR <const> = 3
local YIELDS <const> = "attempt to yield from a breakpoint"

local function evaluate_here(code, level)
  local thread = running()
  local inspector = coroutine.create(function()
    local info = getinfo(thread, level, "flSu")
    local environment = frame_environment(thread, level, info, false, true)
    local chunk, message = raw_load("return " .. code, "=breakpoint", "t", environment)
    if not chunk then error(message, 0) end
    if info.isvararg then return chunk(varargs_in(thread, level)) end
    return chunk()
  end)
  evaluating = inspector
  local ok, value = coroutine.resume(inspector)
  if ok and status(inspector) ~= "dead" then
    coroutine.close(inspector)
    return false, YIELDS
  end
  return ok, value
end

-- The script's own coroutine would give what an expression yields to its resumer. Nothing yields across gsub.
local function call_here(expressions, number, ...)
  if not isyieldable() then return pcall(expressions, number, ...) end
  local arguments, count, ok, value = { ... }, select("#", ...), nil, nil
  gsub("x", "x", function() ok, value = pcall(expressions, number, unpack(arguments, 1, count)) end)
  if not ok and type(value) == "string" and find(value, "attempt to yield across a C-call boundary", 1, true) then
    value = YIELDS
  end
  return ok, value
end

-- The value of an expression: of the site's own function where the expression stands in the script's text.
local function value_of(part, expressions, level)
  local before, ok, value = evaluating, nil, nil
  if not part.inline then
    ok, value = evaluate_here(part.expression, level)
  else
    evaluating = running()
    if part.varargs then
      ok, value = call_here(expressions, part.inline, varargs_in(evaluating, level))
    else
      ok, value = call_here(expressions, part.inline)
    end
  end
  evaluating = before
  if not ok then library.pass_interrupt(value) end
  return ok, value
end

local function holds(breakpoint, expressions, level)
  local ok, value = value_of(breakpoint.condition, expressions, level)
  if ok then return value end
  return true, format("condition '%s' failed: %s", breakpoint.condition.expression, library.text_of(value))
end

local function log_text(breakpoint, expressions, level)
  local parts = {}
  for i, part in library.ipairs(breakpoint.log) do
    if part.text then parts[i] = part.text else
      local ok, value = value_of(part, expressions, level)
      if not ok then
        parts[i] = "<" .. library.text_of(value) .. ">"
      else
        parts[i] = type(value) == "string" and value or type(value) == "table" and preview(value) or scalar_text(value)
      end
    end
  end
  return concat(parts)
end

-- Whether a breakpoint that was reached stops or logs, by its counts.
local function counts(breakpoint)
  local id = breakpoint.id
  local count = (hits[id] or 0) + 1 -- an update that knows the breakpoint no more may come at any instruction
  hits[id] = count
  if breakpoint.hit_operator and not COMPARISONS[breakpoint.hit_operator](count, breakpoint.hit_count) then
    return false
  end
  local passed = ignored[id] or 0
  if passed >= breakpoint.ignore_count then return true end
  ignored[id] = passed + 1
  return false
end

-- The script is at a site. `expressions` is the function in its text, if there is one.
local function reach(site, expressions, level)
  if not site or state.inspecting or state.parking or evaluating and evaluating == running() then return end
  local skipped = state.skipped
  local here = skipped and skipped.site == site.place and skipped.thread == running()
    and skipped.func == getinfo(level - LEVELS_OF_INSPECTOR, "f").func
  state.skipped = nil
  local reached, count, text, reason = nil, 0, "", "function breakpoint"
  for _, breakpoint in library.ipairs(site.breakpoints) do
    local hit, message = true, nil
    if breakpoint.condition then hit, message = holds(breakpoint, expressions, level) end
    -- a condition that fails is told at once, whatever the counts
    if hit and not message then hit = counts(breakpoint) end
    if hit and breakpoint.log and not message then
      log(log_text(breakpoint, expressions, level), site.source, site.line)
    elseif hit then
      count = count + 1
      reached = reached or {}
      reached[count] = breakpoint.id
      text = message or text
      if breakpoint.has_column and not here then state.column = site.column end
      if not breakpoint["function"] then reason = "breakpoint" end
    end
  end
  if count > 0 and not here then state.park(reason, text, unpack(reached, 1, count)) end
end

-- Probes are written as `""<<site` or `"site"<<function`: the shift of a string, which has no other meaning.
local function probe(left, right)
  if left == "" then
    local site = sites[right]
    if not site then return end
    return reach(site, nil, SCRIPT_LEVEL)
  end
  if type(left) ~= "string" or type(right) ~= "function" then
    local culprit = type(left) == "number" and right or left
    error(format("attempt to perform bitwise operation on a %s value", type(culprit)), 2)
  end
  return reach(sites[library.tonumber(left)], right, SCRIPT_LEVEL)
end

getmetatable("").__shl = probe
state.reach = reach

return update
