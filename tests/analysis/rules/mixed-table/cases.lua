-- case: a list with names
return { 1, 2, n = 2 }
       ^ hint mixed-table: The table has both a list and named fields

-- case: one or the other
return { 1, 2 }, { n = 2 }, {}
