-- case: through others
---@class A : B
          ^^^^^ warning doc-circular-class: `A` inherits from itself
---@class B : C
          ^^^^^ warning doc-circular-class: `B` inherits from itself
---@class C : A
          ^^^^^ warning doc-circular-class: `C` inherits from itself

-- case: to an end
---@class D : E
---@class E : F
---@class F
