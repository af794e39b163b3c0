-- case: nothing to format
print(string.format("done"))
      ^^^^^^^^^^^^^^^^^^^^^ hint redundant-format: The text has nothing to be formatted
                            fix: print("done")
print(string.format("100%%"))
print(string.format("%d", 3))
print(string.format(ARGS.form))

-- case: as the object of a method
print(string.format("done"):upper())
      ^^^^^^^^^^^^^^^^^^^^^ hint redundant-format: The text has nothing to be formatted
                            fix: print(("done"):upper())
