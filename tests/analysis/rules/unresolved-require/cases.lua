-- case: not there
local nowhere = require("nowhere")
                        ^^^^^^^^^ warning unresolved-require: No module `nowhere` beside this file or in the project's folders
local words = require("lib.word")
                      ^^^^^^^^^^ warning unresolved-require: No module `lib.word` beside this file or in the project's folders
local socket = require "socket.core"
                       ^^^^^^^^^^^^^ warning unresolved-require: No module `socket.core` beside this file or in the project's folders
print(nowhere, words, socket)

-- case: there, or somewhere in the project, or part of Lua
local settings = require("settings")
local app = require("app")
local words = require("lib.words")
local text = require("string")
print(settings, app, words, text)

-- case: it may fail
local ok, found = pcall(require, "nowhere")
print(ok, found, pcall(function() return require("nowhere") end))

-- case: the path is changed, or the module is put there
package.preload.nowhere = function() return 1 end
print(require("nowhere"))

-- case: not this require, not a literal
local function load_one(require, name) return require("nowhere"), require(name) end
load_one(print, "x")

-- case: only where something else is missing
local text = string or require("compat.string").text
print(text, utf8 and require("nowhere"))
