-- case: not used
local function f(a, b, ...)
                 ^ hint unused-argument: Parameter `a` is never used
                   fix: local function f(_a, b, ...)
  return b, ...
end
return f, function(self, x) return self end
                         ^ hint unused-argument: Parameter `x` is never used
                           fix: return f, function(self, _x) return self end

-- case: used, named so, or implicit
local t = {}
function t:m(a, _b, _) return a end
function t.n(a) return function() return a end end
return t
