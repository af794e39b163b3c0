-- case: a slip in the kind of a scope
State.save("sesion:abc", "key", 1)
           ^^^^^^^^^^^^ warning unknown-state-scope: `sesion:` is the scope of nothing: did you mean `session:`?
                        fix: State.save("session:abc", "key", 1)
State.load("agnet:abc", "key")
           ^^^^^^^^^^^ warning unknown-state-scope: `agnet:` is the scope of nothing: did you mean `agent:`?
                       fix: State.load("agent:abc", "key")

-- case: scopes that exist, and free names
State.save("session:abc", "key", 1)
State.save("users:abc", "key", 1)
State.save("cache", "key", 1)
State.save("sesion", "key", 1)
State.save("orders:2024", "key", 1)
