---@meta

---Reading and writing files.
---@class iolib
io = {}

---An open file.
---@class file*
local file = {}

---Close the file.
---@return boolean?
---@return string?
---@return integer?
function file:close() end

---Write out what is buffered.
---@return file*
function file:flush() end

---Iterate over the file; formats as for `read`, lines by default.
---@param ... string|integer
---@return fun(): any
function file:lines(...) end

---Read as the formats say: "n" a number, "a" all, "l" a line (the default), "L" a line with its end, or a number of bytes. Gives nil at the end.
---@param ... string|integer
---@return any
function file:read(...) end

---Set and give the position in the file, in bytes from its beginning.
---@param whence? "set"|"cur"|"end"
---@param offset? integer
---@return integer?
---@return string?
function file:seek(whence, offset) end

---How output is buffered.
---@param mode "no"|"full"|"line"
---@param size? integer
---@return boolean
function file:setvbuf(mode, size) end

---Write strings and numbers; gives the file.
---@param ... string|number
---@return file*?
---@return string?
function file:write(...) end

---Close a file, by default the current output.
---@param file? file*
---@return boolean?
---@return string?
---@return integer?
function io.close(file) end

---Write out what the current output has buffered.
function io.flush() end

---Set or give the current input.
---@param file? file*|string
---@return file*
function io.input(file) end

---Iterate over a file, line by line unless formats are given; it is closed at the end. Raises when it cannot be opened.
---@param filename? string
---@param ... string|integer
---@return fun(): any
---@return nil
---@return nil
---@return file*?
function io.lines(filename, ...) end

---Open a file. Gives nil, a message and a code on failure.
---@param filename string
---@param mode? "r"|"w"|"a"|"r+"|"w+"|"a+"|"rb"|"wb"|"ab"|"r+b"|"w+b"|"a+b"
---@return file*?
---@return string?
---@return integer?
function io.open(filename, mode) end

---Set or give the current output.
---@param file? file*|string
---@return file*
function io.output(file) end

---Start a program and open a pipe to it, if the security policy allows it.
---@param prog string
---@param mode? "r"|"w"
---@return file*?
---@return string?
function io.popen(prog, mode) end

---Read from the current input; formats as for `file:read`.
---@param ... string|integer
---@return any
function io.read(...) end

---Open a temporary file that is removed at the end.
---@return file*
function io.tmpfile() end

---Whether a value is an open or a closed file.
---@param obj any
---@return "file"|"closed file"|nil
function io.type(obj) end

---Write strings and numbers to the current output.
---@param ... string|number
---@return file*
function io.write(...) end

---Standard error.
---@type file*
io.stderr = nil

---Standard input.
---@type file*
io.stdin = nil

---Standard output.
---@type file*
io.stdout = nil
