local function fail()
  error("no luck today")
end

fail()
