return { depth = 2 }
