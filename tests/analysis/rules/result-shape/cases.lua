-- case: the text of a tool that answers in result
local r = Tool.execute("calculator", { input = "1 + 1" })
print(r.text)
        ^^^^ warning result-shape: What `calculator` gives has no `text`: its answer is in `result`
print(r.result.result, r.success, r._raw_text, r.metadata.execution_time_ms)

-- case: a field of the answer, one level too high
local r = Tool.execute("hash-calculator", { operation = "hash", input = "x" })
print(r.hash)
        ^^^^ warning result-shape: `hash-calculator` gives `hash` in `result`
             fix: print(r.result.hash)
print(Tool.get("hash-calculator"):execute({ operation = "hash", input = "x" }).hash)
                                                                               ^^^^ warning result-shape: `hash-calculator` gives `hash` in `result`
                                                                                    fix: print(Tool.get("hash-calculator"):execute({ operation = "hash", input = "x" }).result.hash)

-- case: a field of the answer, misspelt
local r = Tool.execute("hash-calculator", { operation = "hash", input = "x" })
print(r.result.hsh)
               ^^^ warning result-shape: The result of `hash-calculator` has no `hsh`: did you mean `hash`?
                   fix: print(r.result.hash)
print(r.result.anything)

-- case: the result of a tool that answers in text
local r = Tool.execute("file-operations", { operation = "read", path = "a.txt" })
print(r.result, r.success)
        ^^^^^^ warning result-shape: What `file-operations` gives has no `result`: its answer is in `text`, and the facts in `metadata.response`
                  ^^^^^^^ warning result-shape: What `file-operations` gives has no `success`: its answer is in `text`, and the facts in `metadata.response`
print(r.text, r.data, r.metadata.response.result)

-- case: a field of the answer of a tool that answers in text
local r = Tool.execute("file-operations", { operation = "exists", path = "a.txt" })
print(r.exists)
        ^^^^^^ warning result-shape: `file-operations` gives `exists` in `metadata.response.result`
               fix: print(r.metadata.response.result.exists)

-- case: an answer in two envelopes
local r = Tool.execute("pdf-processor", { operation = "extract_text", input = "a.pdf" })
print(r.result.text)
               ^^^^ warning result-shape: `pdf-processor` gives `text` in `result.result`
                    fix: print(r.result.result.text)
print(r.result.result.text)

-- case: a tool whose answer is data
local r = Tool.execute("json-processor", { operation = "query", input = "{}", query = "." })
print(r.result)
        ^^^^^^ warning result-shape: What `json-processor` gives has no `result`: its answer is in `data` and `text`
print(r.data)

-- case: through pcall
local ok, r = pcall(Tool.execute, "calculator", { input = "1 + 1" })
print(ok, r.text)
            ^^^^ warning result-shape: What `calculator` gives has no `text`: its answer is in `result`
local fine, s = pcall(function() return Tool.execute("calculator", { input = "1 + 1" }) end)
print(fine, s.text)
              ^^^^ warning result-shape: What `calculator` gives has no `text`: its answer is in `result`

-- case: a test of the field asks for it
local r = Tool.execute("calculator", { input = "1 + 1" })
if r.text then print(r.text) end
print(r.data or r.result)

-- case: hooks may change what is given
Hook.register("AfterToolExecution", function() return { type = "modified", data = { text = "x" } } end)
local r = Tool.execute("calculator", { input = "1 + 1" })
print(r.text)

-- case: a tool that is not known
local r = Tool.execute(ARGS.tool, { input = "1 + 1" })
print(r.text)

-- case: an operation that is not known
local r = Tool.execute("hash-calculator", { operation = ARGS.operation, input = "x" })
print(r.hash, r.result.hsh)

-- case: a workflow
local w = Workflow.sequential({ name = "w", steps = {} })
local r = w:execute()
print(r.success, r.result)
        ^^^^^^^ warning result-shape: `WorkflowResult` has no `success`: a workflow that fails raises; figures are in `metadata.extra`, outputs come from `:get_output`
                   ^^^^^^ warning result-shape: `WorkflowResult` has no `result`: a workflow that fails raises; figures are in `metadata.extra`, outputs come from `:get_output`
print(r.text, r.metadata.extra.total_steps)

-- case: an agent
local agent = Agent.builder():model("openai/gpt-4o"):build()
local answer = agent:execute({ text = "hello" })
print(answer.response, answer.content)
             ^^^^^^^^ warning result-shape: An agent's answer is in `text`; a `response` is there only if the model writes it in JSON
                      fix: print(answer.text, answer.content)
                              ^^^^^^^ warning result-shape: An agent's answer is in `text`; a `content` is there only if the model writes it in JSON
                                      fix: print(answer.response, answer.text)
print(answer.text, answer.result, answer.metadata)

-- case: a template
local r = Template.execute("research-assistant", { topic = "sheep" })
print(r.success)
        ^^^^^^^ warning result-shape: `TemplateOutput` has no `success`: a template that fails raises; the answer is in `result`
print(r.result, r.metrics.duration_ms)

-- case: a local that is set again is unknown
local r = Tool.execute("calculator", { input = "1 + 1" })
r = { text = r }
print(r.text)

-- case: the script gives it the field
local r = Tool.execute("calculator", { input = "1 + 1" })
r.text = tostring(r.result.result)
print(r.text)

-- case: an operation with another form than the others of its tool
local made = Tool.execute("uuid-generator", { operation = "generate" })
print(made.data, made.result.uuid)
           ^^^^ warning result-shape: What `uuid-generator` gives has no `data`: its answer is in `result`
local checked = Tool.execute("uuid-generator", { operation = "validate", uuid = "x" })
print(checked.data.valid, checked.result)
                                  ^^^^^^ warning result-shape: What `uuid-generator` gives has no `result`: its answer is in `data`
print(Tool.execute("uuid-generator", { operation = ARGS.operation }).data)
