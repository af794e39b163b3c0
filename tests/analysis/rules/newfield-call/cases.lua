-- case: a comma is missing
return {
  print
  ("a"),
  ^^^^^ warning newfield-call: This calls the line above: is a comma missing before it?
        fix: ("a"),
  name = print
  { "b" },
  ^^^^^^^ warning newfield-call: This calls the line above: is a comma missing before it?
          fix: { "b" },
}

-- case: commas are there
return {
  print,
  ("a"),
  print(
    "b"
  ),
}
