---@meta

---Run built-in, parameterised AI workflow templates.
---@class llmspell.Template
Template = {}

---Cost estimate; nil when the template offers none.
---@param name TemplateName|string Name of the template.
---@param params table Parameters of the template.
---@return {estimated_tokens: integer?, estimated_cost_usd: number?, estimated_duration_ms: integer?, confidence: number}?
function Template.estimate_cost(name, params) end

---Run a template.
---@param name TemplateName|string Name of the template.
---@param params table Parameters of the template.
---@return TemplateOutput
function Template.execute(name, params) end

---Metadata of one template.
---
---Name and description sit under .metadata.
---@param name TemplateName|string Name of the template.
---@param show_schema? boolean Include the parameter schema. Default: `false`.
---@return {metadata: TemplateMetadata, schema: TemplateSchema?}
function Template.info(name, show_schema) end

---Available templates. Categories: research, chat, analysis, codegen, document, workflow, custom names.
---@param category? string Category name.
---@return TemplateMetadata[]
function Template.list(category) end

---Parameter schema.
---@param name TemplateName|string Name of the template.
---@return TemplateSchema
function Template.schema(name) end

---Text search over templates.
---@param query string What to look for.
---@param category? string Category name.
---@return TemplateMetadata[]
function Template.search(query, category) end

---Template metadata.
---@class TemplateMetadata
---@field id string
---@field name string
---@field description string
---@field category string
---@field version string
---@field author? string
---@field requires? string[]
---@field tags? string[]

---Template parameter schema.
---@class TemplateSchema
---@field version string
---@field parameters {name: string, description: string, param_type: string, required: boolean, default: any?, min: number?, max: number?, min_length: integer?, max_length: integer?, pattern: string?, allowed_values: any[]?}[]

---Result of Template.execute. No success or error field.
---@class TemplateOutput
---@field result_type "text"|"structured"|"file"|"multiple"
---@field result any
---@field artifacts? {filename: string, content: string, mime_type: string, metadata: any?}[]
---@field metadata {template_id: string, template_version: string, executed_at: string, parameters: table}
---@field metrics {duration_ms: integer, tokens_used: integer?, cost_usd: number?, agents_invoked: integer}

---Name of a built-in template.
---@alias TemplateName
---| "code-generator"
---| "code-review"
---| "content-generation"
---| "data-analysis"
---| "document-processor"
---| "file-classification"
---| "interactive-chat"
---| "knowledge-management"
---| "research-assistant"
---| "workflow-orchestrator"
