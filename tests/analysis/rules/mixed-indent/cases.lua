-- case: a tab after a space
do
 	print(1)
^^ hint mixed-indent: A tab follows a space in the indentation
end

-- case: tabs, then spaces
do
	  print(1)
end
