-- case: used after all
return function(_a, _, _b) return _a end
                ^^ hint used-underscore: `_a` is used, though its name says that it is not

-- case: not used
return function(_a, b) return b end
