"""Documents that scripts have stored, cut into chunks with a vector each, and found by what they say."""
