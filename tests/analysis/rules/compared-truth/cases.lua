-- case: with a boolean
if ARGS.done == true then print(1) end
   ^^^^^^^^^^^^^^^^^ hint compared-truth: Only a boolean equals `true`: a condition takes any value
if false ~= ARGS.done then print(2) end
   ^^^^^^^^^^^^^^^^^^ hint compared-truth: Only a boolean equals `false`: a condition takes any value
if ARGS.done == "true" then print(3) end
