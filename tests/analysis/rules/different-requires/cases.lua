-- case: two names
local app = require("app")
local again = require("app.init")
                      ^^^^^^^^^^ warning different-requires: `app.init` and `app` are the same file: it is loaded twice, with two states
                                 related: required here first, line 1
local slash = require("app/init")
                      ^^^^^^^^^^ warning different-requires: `app/init` and `app` are the same file: it is loaded twice, with two states
                                 related: required here first, line 1
print(app, again, slash)

-- case: the same name twice
local app = require("app")
local again = require("app")
                      ^^^^^ hint different-requires: `app` is required above already
                            related: required here first, line 1
print(app, again)

-- case: the same name in functions, where it is needed
local function one() return require("app") end
local function two() return require("app") end
print(one, two)

-- case: two modules
local app = require("app")
local settings = require("settings")
print(app, settings)
