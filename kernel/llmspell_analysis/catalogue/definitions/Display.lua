---@meta

---Rich output in notebooks and other front-ends: HTML, Markdown, images, tables, progress.
---
---Each function shows something where the script's output goes and gives a handle, whose `update` shows something else in its place. Front-ends choose the richest form that they can show; `llmspell run` writes the plain text. A value that a cell returns shows itself when its metatable has `__mimebundle`, a function that gives a table of data by MIME type and, if it likes, one of metadata.
---
---```lua
---local status = Display.html("<b>loading</b>")
---status:update("<b>done</b>")
---Display.table({ { name = "tea", price = 3 }, { name = "coffee", price = 4 } })
---```
---@class llmspell.Display
Display = {}

---Remove what the cell has shown so far.
---@param options? DisplayClearOptions When to remove it.
function Display.clear(options) end

---Show data in forms of your own, by MIME type.
---
---A JSON type (`application/json`, `application/…+json`) may be a table or JSON text. Text types are strings; a binary type is a string of bytes, which is sent as base64. Without "text/plain" a text is made from the rest.
---
---```lua
---Display.data({ ["text/plain"] = "a point", ["application/geo+json"] = { type = "Point", coordinates = { 8, 47 } } })
---```
---@param bundle table<string, any> Data by MIME type.
---@param metadata? table<string, any> Metadata by MIME type.
---@param options? DisplayOptions Settings.
---@return DisplayHandle
function Display.data(bundle, metadata, options) end

---Show HTML.
---
---```lua
---Display.html("<h2>Report</h2>")
---```
---@param text string HTML.
---@param options? DisplayMarkupOptions Settings.
---@return DisplayHandle
function Display.html(text, options) end

---Show an image: PNG, JPEG, GIF, WebP or SVG.
---
---A string that begins like such an image is its bytes, any other the path of a file in the allowed folders of the file tools.
---
---```lua
---Display.image("plots/sales.png", { width = 640, alt = "sales by month" })
---```
---@param image string The image's bytes, or the path of its file.
---@param options? DisplayImageOptions Settings.
---@return DisplayHandle
function Display.image(image, options) end

---Show a value as JSON, which front-ends let people unfold.
---@param value any Value that can be written as JSON.
---@param options? DisplayJsonOptions Settings.
---@return DisplayHandle
function Display.json(value, options) end

---Show LaTeX; formulas are written between dollar signs.
---
---```lua
---Display.latex("$e^{i\\pi} + 1 = 0$")
---```
---@param text string LaTeX.
---@param options? DisplayOptions Settings.
---@return DisplayHandle
function Display.latex(text, options) end

---Show Markdown.
---@param text string Markdown.
---@param options? DisplayOptions Settings.
---@return DisplayHandle
function Display.markdown(text, options) end

---Show a progress bar.
---
---At most ten states a second are sent, and always the last; `llmspell run` writes the one with which it is closed. A progress that is declared `<close>` closes with its block.
---
---```lua
---local progress <close> = Display.progress({ total = 20, label = "reading" })
---for i = 1, 20 do progress:advance() end
---```
---@param options? DisplayProgressOptions Settings.
---@return DisplayProgress
function Display.progress(options) end

---Show a drawing in SVG.
---@param text string SVG.
---@param options? DisplayMarkupOptions Settings.
---@return DisplayHandle
function Display.svg(text, options) end

---Show rows as a table.
---
---Rows are lists of cells, or records. Records have the columns that occur in them, in the order of their names, unless `columns` names others.
---
---```lua
---Display.table({ { "tea", 3 }, { "coffee", 4 } }, { columns = { "drink", "price" }, caption = "menu" })
---```
---@param rows table[] Rows.
---@param options? DisplayTableOptions Settings.
---@return DisplayHandle
function Display.table(rows, options) end

---Show plain text.
---@param text string Text.
---@param options? DisplayOptions Settings.
---@return DisplayHandle
function Display.text(text, options) end

---What a function of `Display` has shown.
---@class DisplayHandle
local DisplayHandle = {}

---Show something else in its place; the arguments are those of the function that gave the handle.
---@param content any What the function takes first.
---@param ... any What else the function takes.
function DisplayHandle:update(content, ...) end

---Id of the display.
---@return string
function DisplayHandle:id() end

---A progress bar.
---@class DisplayProgress
local DisplayProgress = {}

---Say how far it is.
---@param value number How far, from 0 to the total.
---@param label? string New label.
function DisplayProgress:update(value, label) end

---Say that it has come further.
---@param count? number By how much. Default: `1`.
function DisplayProgress:advance(count) end

---Show the last state; a second call does nothing.
---@param label? string Last label.
function DisplayProgress:close(label) end

---Id of the display.
---@return string
function DisplayProgress:id() end

---Settings of what is shown.
---@class DisplayOptions
---@field id? string Id of the display, 1 to 256 bytes. Default: a new one.

---Settings of HTML and SVG.
---@class DisplayMarkupOptions
---@field id? string Id of the display, 1 to 256 bytes. Default: a new one.
---@field text? string Text for who cannot see markup. Default: made from it.

---Settings of JSON.
---@class DisplayJsonOptions
---@field id? string Id of the display, 1 to 256 bytes. Default: a new one.
---@field expanded? boolean Whether it is unfolded at first.

---Settings of an image.
---@class DisplayImageOptions
---@field id? string Id of the display, 1 to 256 bytes. Default: a new one.
---@field format? "png"|"jpeg"|"jpg"|"gif"|"webp"|"svg" What it is, if its first bytes do not say it.
---@field width? number Width in pixels.
---@field height? number Height in pixels.
---@field alt? string Text for who cannot see it.

---Settings of a table.
---@class DisplayTableOptions
---@field id? string Id of the display, 1 to 256 bytes. Default: a new one.
---@field columns? string[] Heads of the columns; of records, the fields to show.
---@field caption? string Text above the table.
---@field max_rows? integer Rows to show at most. Default: `100`.

---Settings of a progress.
---@class DisplayProgressOptions
---@field id? string Id of the display, 1 to 256 bytes. Default: a new one.
---@field total? number What makes it whole. Default: unknown.
---@field label? string What it is the progress of, at most 1000 bytes.

---Settings of `Display.clear`.
---@class DisplayClearOptions
---@field wait? boolean Only when the next output comes, so that nothing flickers. Default: `false`.
