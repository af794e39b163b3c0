"""Scripts of any length without faults, in the manner of real ones: tools, state, functions, tables, loops."""

_FUNCTION = """\
-- Adds up what the list number {n} holds and keeps the result.
function M.collect_{n}(items, factor)
  local total, names = 0, {{}}
  for index, item in ipairs(items) do
    if type(item.value) == "number" and item.value > {seed} then
      total = total + item.value * (factor or 1)
    elseif item.name then
      names[#names + 1] = string.format("%d: %s", index, item.name)
    end
  end
  local answer = Tool.execute("text-manipulator", {{ operation = "uppercase", input = tostring(total) }})
  State.save("custom", "collected_{n}", {{ total = total, names = names, answer = answer }})
  return total, names
end

"""
_CALL = """\
do
  local total, names = M.collect_{n}({{ {{ value = {n} }}, {{ name = "item {n}" }} }}, 2)
  print("collected", total, table.concat(names, ", "))
end

"""


def script(lines: int, seed: int = 0) -> str:
    """A script of exactly this many lines: whole functions, then comments."""
    text = ["local M = {}"]
    for number in range(lines):
        parts = _FUNCTION.format(n=number, seed=seed) + _CALL.format(n=number)
        more = parts.splitlines()
        if len(text) + len(more) + 1 > lines:
            break
        text += more
    text += [f"-- line {number}" for number in range(len(text) + 1, lines)]
    return "\n".join([*text, "return M"]) + "\n"
