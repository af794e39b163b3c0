---@meta

---Key/value store addressed by a scope string plus a key; calls are synchronous.
---
---Values survive the script; they belong to the project.
---@class llmspell.State
State = {}

---Read from an agent scope.
---@param agent_id string Id of the agent.
---@param key string Name of the value within the scope.
---@return any?
function State.agent_get(agent_id, key) end

---Write to an agent scope.
---@param agent_id string Id of the agent.
---@param key string Name of the value within the scope.
---@param value any Any value that can be written as JSON.
function State.agent_set(agent_id, key, value) end

---Remove old backups.
---
---Only with backup enabled.
---@param dry_run? boolean Only say what would be removed. Default: `false`.
---@return {success: boolean, error: string, dry_run: boolean, deleted_count: integer, retained_count: integer, space_freed: integer}
function State.cleanup_backups(dry_run) end

---Make a backup of the store.
---
---Only with backup enabled.
---@param incremental? boolean Keep only what changed since the last backup. Default: `false`.
---@return {success: boolean, error: string, incremental: boolean}
function State.create_backup(incremental) end

---Remove a value; missing keys are fine.
---@param scope string Scope, such as "global", "session" or "workflow:<id>".
---@param key string Name of the value within the scope.
function State.delete(scope, key) end

---Where the store stands.
---
---Only with migration enabled.
---@return {current_version: string, migration_available: boolean, total_schemas: integer?, latest_version: string?, is_latest: boolean?, migration_targets: string[]?, error: string?}
function State.get_migration_status() end

---Known schema versions.
---
---Only with migration enabled.
---@return string[]
function State.get_schema_versions() end

---How much room the backups take.
---
---Only with backup enabled.
---@return {total_backups: integer, total_size: integer, full_backups: integer, incremental_backups: integer, oldest_backup: any?, newest_backup: any?}
function State.get_storage_usage() end

---Known backups.
---
---Only with backup enabled.
---@return table[]
function State.list_backups() end

---Keys stored under the scope.
---@param scope string Scope, such as "global", "session" or "workflow:<id>".
---@return string[]
function State.list_keys(scope) end

---Read a value; nil when there is none.
---@param scope string Scope, such as "global", "session" or "workflow:<id>".
---@param key string Name of the value within the scope.
---@return any?
function State.load(scope, key) end

---Migrate stored data to a schema version.
---
---Only with `runtime.state_persistence.migration_enabled`.
---@param target_version string Schema version to reach.
---@return {success: boolean, status: string?, current_version: string?, from_version: string?, to_version: string?, target_version: string?, items_migrated: integer?, warnings: string[]?, errors: string[]?, error: string?}
function State.migrate(target_version) end

---Go back to a backup.
---
---Only with backup enabled.
---@param backup_id string Id given by `State.list_backups`.
---@return {success: boolean, error: string, backup_id: string}
function State.restore_backup(backup_id) end

---Store a JSON-compatible value; nil removes it.
---
---Conventional scopes: "global", "session", "agent:<id>", "tool:<id>", "workflow:<id>", "session:<id>", "user:<id>", "custom", or any free name.
---@param scope string Scope, such as "global", "session" or "workflow:<id>".
---@param key string Name of the value within the scope.
---@param value any Any value that can be written as JSON.
function State.save(scope, key, value) end

---Read from a tool scope.
---@param tool_id string Id of the tool.
---@param key string Name of the value within the scope.
---@return any?
function State.tool_get(tool_id, key) end

---Write to a tool scope.
---@param tool_id string Id of the tool.
---@param key string Name of the value within the scope.
---@param value any Any value that can be written as JSON.
function State.tool_set(tool_id, key, value) end

---Check that a backup is whole.
---
---Only with backup enabled.
---@param backup_id string Id given by `State.list_backups`.
---@return {is_valid: boolean, error: string, backup_id: string}
function State.validate_backup(backup_id) end

---Output that a workflow run kept for a step (state key `workflow:<id>:<step>`).
---@param workflow_id string Id of the workflow.
---@param step_name string Name of the step.
---@return any?
function State.workflow_get(workflow_id, step_name) end

---Step names with stored output.
---@param workflow_id string Id of the workflow.
---@return string[]
function State.workflow_list(workflow_id) end
