return { level = 1 }
