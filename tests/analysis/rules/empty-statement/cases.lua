-- case: stray
local a = 1;;
            ^ hint empty-statement: This `;` ends nothing
              fix: local a = 1;
do ; print(a);; end
   ^ hint empty-statement: This `;` ends nothing
     fix: do  print(a);; end
              ^ hint empty-statement: This `;` ends nothing
                fix: do ; print(a); end

-- case: between statements
local a = 1
return a
