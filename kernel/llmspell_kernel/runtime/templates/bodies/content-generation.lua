-- Writes a text: an outline where it is wanted, a draft, and rounds of review until the quality is good enough.
local host, library = ...
local format, concat = library.string.format, library.table.concat

local function instructions(params)
  local lines = { format("Topic: %s", params.topic), format("Kind of text: %s", params.content_type),
    format("Tone: %s", params.tone) }
  if params.target_length then lines[#lines + 1] = format("Length: about %d words", params.target_length) end
  if params.style_guide then lines[#lines + 1] = "Style guide: " .. params.style_guide end
  return concat(lines, "\n")
end

-- A number between 0 and 1 in an answer, nil when it has none.
local function score_of(answer)
  for text in library.string.gmatch(answer, "%d*%.?%d+") do
    local number = library.tonumber(text)
    if number and number <= 1 then return number end
  end
end

local FORMATS <const> = { markdown = { "md", "text/markdown" }, html = { "html", "text/html" }, text = { "txt", "text/plain" } }

return function(run)
  local params = run.parameters
  local brief = instructions(params)
  local outline
  if params.include_outline then
    outline = run:ask("Write an outline for this text.\n\n" .. brief, { system = "You plan texts." })
    brief = brief .. "\n\nOutline:\n" .. outline
  end
  local wanted = params.output_format == "json" and "text" or params.output_format
  local text = run:ask(format("Write this text as %s. Answer with the text alone.\n\n%s", wanted, brief),
    { system = "You write texts as they were ordered." })
  local rounds, score = 1, nil
  while true do
    local review = run:ask(format("Rate this text from 0 to 1 against its order. Write the number first, then what to "
      .. "improve.\n\n%s\n\nText:\n%s", brief, text), { system = "You are a strict editor.", is_plain = true })
    score = score_of(review)
    if not score or score >= params.quality_threshold or rounds >= params.max_iterations then break end
    rounds = rounds + 1
    text = run:ask(format("Improve this text. Answer with the text alone.\n\n%s\n\nText:\n%s\n\nReview:\n%s", brief, text,
      review), { system = "You write texts as they were ordered." })
  end
  if params.output_format == "json" then
    local result = { topic = params.topic, content = text, outline = outline, quality_score = score, iterations = rounds }
    run:add_artifact("content.json", host("JSON.stringify", result), "application/json")
    return "structured", result
  end
  local ending = FORMATS[params.output_format]
  run:add_artifact("content." .. ending[1], text, ending[2])
  return "text", text
end
