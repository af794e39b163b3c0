-- case: comments, names and strings
-- The lenght, Seperated by commas; RECIEVE
       ^^^^^^ hint spell-check: `lenght` is usually written `length`
              fix: -- The length, Seperated by commas; RECIEVE
               ^^^^^^^^^ hint spell-check: `Seperated` is usually written `Separated`
                         fix: -- The lenght, Separated by commas; RECIEVE
                                    ^^^^^^^ hint spell-check: `RECIEVE` is usually written `RECEIVE`
                                            fix: -- The lenght, Seperated by commas; RECEIVE
local recieveCount = 1
      ^^^^^^^ hint spell-check: `recieve` is usually written `receive`
print(recieveCount, "succesful", response_lenght)
      ^^^^^^^ hint spell-check: `recieve` is usually written `receive`
                     ^^^^^^^^^ hint spell-check: `succesful` is usually written `successful`
                                 ^^^^^^^^^^^^^^^ warning undefined-global: Undefined global `response_lenght`
                                          ^^^^^^ hint spell-check: `lenght` is usually written `length`
local response_lenght
               ^^^^^^ hint spell-check: `lenght` is usually written `length`

-- case: words that are right, or parts of others
-- the length of what was received
local length, thierry = 1, 2
print(length, thierry)
