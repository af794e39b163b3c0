-- case: a small letter
counter = 1
^^^^^^^ information lowercase-global: The new global `counter` begins with a small letter, as locals do
function helper() end
         ^^^^^^ information lowercase-global: The new global `helper` begins with a small letter, as locals do

-- case: a capital letter
Counter = 1
function Helper() end
