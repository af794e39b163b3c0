-- case: a query from values
local function orders(customer)
  Tool.execute("database-connector", { operation = "query", query = "SELECT * FROM orders WHERE customer = '" .. customer .. "'" })
                                                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning built-query: A query is built from `customer`: what it holds becomes SQL
  Tool.get("database-connector"):execute({ operation = "query", query = ("SELECT * FROM orders WHERE id = %s"):format(customer) })
                                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning built-query: A query is built from `customer`: what it holds becomes SQL
end
orders(ARGS.customer)

-- case: constants and numbers
local columns = "id, total"
Tool.execute("database-connector", { operation = "query", query = "SELECT " .. columns .. " FROM orders" })
Tool.execute("database-connector", { operation = "query", query = ("SELECT * FROM orders LIMIT %d"):format(ARGS.count) })
Tool.execute("database-connector", { operation = "query", query = ARGS.query })
