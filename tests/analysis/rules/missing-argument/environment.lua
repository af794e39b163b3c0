-- case: in an environment of the script's own a name may mean anything
local function in_own(_ENV)
  State.load("global")
end
in_own({ State = { load = print } })

-- case: from a statement before
local print = print
local _ENV = { State = { load = print } }
State.load("global")

-- case: a text that names it changes nothing
print("_ENV")
State.load("global")
      ^^^^ error missing-argument: `State.load` needs the argument `key`
