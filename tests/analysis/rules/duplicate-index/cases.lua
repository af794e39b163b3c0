-- case: names, strings, numbers
return { a = 1, ["a"] = 2, [1] = 3, 4, [0x2] = 5, [2] = 6, [true] = 1, [true] = 2 }
                 ^^^ warning duplicate-index: The table has `"a"` twice: the last one counts
                     related: first given here, line 1
                                    ^ warning duplicate-index: The table has index 1 twice
                                      related: first given here, line 1
                                                   ^ warning duplicate-index: The table has `2` twice: the last one counts
                                                     related: first given here, line 1
                                                                        ^^^^ warning duplicate-index: The table has `true` twice: the last one counts
                                                                             related: first given here, line 1

-- case: keys that are different or computed
local k = 1
return { [k] = 1, [k] = 2, ["1"] = 1, [1] = 2, a = 1, A = 2, [print] = 1, [-1] = 1, [1.5] = 1 }

-- case: an inner table has its own keys
return { a = { a = 1 }, b = { a = 1 } }
