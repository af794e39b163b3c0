---@meta

---Discover and run built-in tools; Tool["kebab-name"] also resolves a tool through __index.
---@class llmspell.Tool
---@field [string] ToolInstance?
Tool = {}

---Distinct category names.
---@return string[]
function Tool.categories() end

---Tools by category or tag.
---@param filter? {category: string?, tag: string?} Which tools; all when absent.
---@return {name: string, description: string, category: string, version: string}[]
function Tool.discover(filter) end

---Run a tool and wait for its result.
---
---Raises "Tool 'x' not found" or "Tool execution failed: ...".
---@param name ToolName|string Registered kebab-case name.
---@param params table Parameters of the tool; may be empty.
---@return ToolResult
function Tool.execute(name, params) end

---Whether a tool is registered.
---@param name ToolName|string Registered kebab-case name.
---@return boolean
function Tool.exists(name) end

---Tool by registered kebab-case name, or nil.
---@param name ToolName|string Registered kebab-case name.
---@return ToolInstance?
function Tool.get(name) end

---All registered tools.
---@return {name: string, description: string, version: string}[]
function Tool.list() end

---Tool handle, a plain table.
---@class ToolInstance
---@field name string Registered name.
---@field description string What it does.
---@field version string Tool version.
---@field schema {name: string, description: string, parameters: {name: string, type: string, description: string, required: boolean, default: any?}[]} Parameter schema.
local ToolInstance = {}

---Run the tool.
---
---Call it with a colon: `tool:execute({...})`.
---@param params table Parameters of the tool; may be empty.
---@return ToolResult
function ToolInstance:execute(params) end

---The parameter schema; the same as the field schema.
---@return table
function ToolInstance:getSchema() end

---Facts about a run; a tool may add further keys.
---@class OutputMetadata
---@field model? string Model that answered.
---@field token_count? integer Tokens used.
---@field execution_time_ms? integer Run time in milliseconds.
---@field confidence? number Between 0 and 1.

---Result of a tool. Which fields exist depends on the tool; its documentation says which.
---
---`metadata` is the metadata of the run, not that of the tool's own answer.
---@class ToolResult
---@field success? boolean Whether it worked.
---@field operation? string The operation that ran.
---@field result? any What the operation gives.
---@field message? string A sentence about what was done.
---@field error? {message: string, code: string?, details: any?} What went wrong, when success is false.
---@field data? any The answer, when it is JSON of another form.
---@field text? string The answer as text, such as the content of a file.
---@field _raw_text? string The JSON text that the fields were made from.
---@field metadata OutputMetadata Facts about the run.
---@field media? table[] Images and the like.

---Registered name of a tool.
---@alias ToolName
---| "api-tester" # Call an API and report timing.
---| "archive-handler" # Create, list and extract archives.
---| "audio-processor" # Detect and convert audio.
---| "base64-encoder" # Encode or decode Base64 text or files.
---| "calculator" # Evaluate arithmetic expressions with variables and functions.
---| "citation-formatter" # Format citations and check bibliographies.
---| "csv-analyzer" # Analyse, convert, filter and sample CSV text.
---| "data-validator" # Validate data against rules.
---| "database-connector" # Query a configured database.
---| "datetime-handler" # Parse, format, convert and compute with dates.
---| "diff-calculator" # Compare two texts or JSON values.
---| "email-sender" # Send e-mail.
---| "environment-reader" # Read allowed environment variables.
---| "file-converter" # Convert encoding, line endings or indentation.
---| "file-operations" # Read and write files inside the sandbox.
---| "file-search" # Search text in files.
---| "file-watcher" # Watch paths for changes.
---| "graph-builder" # Build and analyse graphs.
---| "graphql-query" # Send GraphQL requests.
---| "hash-calculator" # Compute or verify hashes.
---| "http-requester" # Send HTTP requests.
---| "image-processor" # Detect, resize, crop and convert images.
---| "json-processor" # Query JSON with jq, validate with JSON Schema.
---| "pdf-processor" # Extract text and metadata from PDF files.
---| "process-executor" # Run an allow-listed program.
---| "service-checker" # Check whether a service answers.
---| "sitemap-crawler" # Collect URLs from a sitemap.
---| "system-monitor" # CPU, memory and disk figures.
---| "template-creator" # Render a Tera or Handlebars template.
---| "text-manipulator" # String operations.
---| "url-analyzer" # Take a URL apart.
---| "uuid-generator" # Generate and validate UUIDs and ids.
---| "video-processor" # Detect video and take frames.
---| "web-scraper" # Fetch a page and extract content.
---| "web-searcher" # Search the web.
---| "webhook-caller" # Post to a webhook with retries.
---| "webpage-monitor" # Compare a page with earlier content.
