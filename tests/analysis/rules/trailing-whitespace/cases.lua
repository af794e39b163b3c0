-- case: at line ends
print(1)  
        ^^ hint trailing-whitespace: Blanks at the end of the line
           fix: print(1)
	
^ hint trailing-whitespace: Blanks at the end of the line
  fix: 
print(2)

-- case: in a string
print([[a  
b]])
