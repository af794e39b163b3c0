-- case: literals cannot be closed
local a <close> = 1
                  ^ warning close-non-object: `1` has no `__close`: declaring it so raises
local b, c <close> = 1, "x"
                        ^^^ warning close-non-object: `"x"` has no `__close`: declaring it so raises
local d <close> = function() end
                  ^^^^^^^^^^^^^^ warning close-non-object: `function() end` has no `__close`: declaring it so raises
return b

-- case: what may be closed
local a <close> = nil
local b <close> = false
local c <close> = io.open("x")
local d <const> = 1
return d
