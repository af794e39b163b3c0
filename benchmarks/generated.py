"""Scripts of any length without faults, in the manner of real ones: tools, state, functions, tables, loops."""

_FUNCTION = """\
-- Adds up what the list number {n} holds and keeps the result.
local function collect_{n}(items, factor)
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
  local total, names = collect_{n}({{ {{ value = {n} }}, {{ name = "item {n}" }} }}, 2)
  print("collected", total, table.concat(names, ", "))
end

"""
# Lua has room for 200 local variables in a function
_FUNCTIONS_IN_A_BLOCK = 100


def script(lines: int, seed: int = 0) -> str:
    """A script of exactly this many lines."""
    text: list[str] = []
    number = 0
    while len(text) < lines:
        block = ["do"]
        for _ in range(_FUNCTIONS_IN_A_BLOCK):
            for part in (_FUNCTION, _CALL):
                block += part.format(n=number, seed=seed).splitlines()
            number += 1
            if len(text) + len(block) + 1 >= lines:
                break
        text += [*block, "end"]
    return "\n".join(_cut(text, lines)) + "\n"


def _cut(text: list[str], lines: int) -> list[str]:
    """Drop whole functions from the end and fill up with comments."""
    if len(text) == lines:
        return text
    size = _FUNCTION.count("\n") + _CALL.count("\n")
    kept = [*text[: -1 - size], "end"]
    return [*kept, *(f"-- line {number}" for number in range(len(kept) + 1, lines + 1))]
