-- What was reviewed already, in State: by the model that was asked and the hash of what it was asked about.
-- Invariant: a part that has failed is not kept, so that it is asked about again.

local memory = {}

local SCOPE <const> = "custom:code-review"

local function key_of(part, model)
  local input = table.concat({ model, part.file, tostring(part.line), part.text }, "\0")
  return Tool.execute("hash-calculator", { operation = "hash", input = input }).result.hash
end

---@param parts Part[]
---@param model string
---@return Part[] fresh Those that have to be reviewed.
---@return Review[] reviews Of the others.
function memory.known(parts, model)
  local fresh, reviews = {}, {}
  for _, part in ipairs(parts) do
    local findings = State.load(SCOPE, key_of(part, model))
    if findings then
      reviews[#reviews + 1] = { part = part, findings = findings }
    else
      fresh[#fresh + 1] = part
    end
  end
  return fresh, reviews
end

---@param reviews Review[]
---@param model string
function memory.keep(reviews, model)
  for _, review in ipairs(reviews) do
    if not review.problem then State.save(SCOPE, key_of(review.part, model), review.findings) end
  end
end

function memory.forget()
  for _, key in ipairs(State.list_keys(SCOPE)) do State.delete(SCOPE, key) end
end

return memory
