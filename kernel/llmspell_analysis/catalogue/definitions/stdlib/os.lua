---@meta

---Time, dates and services of the operating system.
---@class oslib
os = {}

---Processor time used so far, in seconds.
---@return number
function os.clock() end

---A date as text in a strftime format, or as a table when the format is "*t"; a "!" in front means UTC.
---@param format? string
---@param time? integer
---@return string|osdate
---@overload fun(format: "*t"|"!*t", time: integer?): osdate
---@overload fun(format: string?, time: integer?): string
function os.date(format, time) end

---The seconds from `t1` to `t2`.
---@param t2 integer
---@param t1 integer
---@return number
function os.difftime(t2, t1) end

---Run a command in the system's shell, if the security policy allows it.
---@param command? string
---@return boolean?
---@return "exit"|"signal"
---@return integer
function os.execute(command) end

---End the script. true (the default) is success, false a failure, a number the exit code.
---@param code? boolean|integer
---@param close? boolean
function os.exit(code, close) end

---The value of an environment variable, or nil.
---@param varname string
---@return string?
function os.getenv(varname) end

---Delete a file or an empty folder. Gives nil, a message and a code on failure.
---@param filename string
---@return boolean?
---@return string?
---@return integer?
function os.remove(filename) end

---Rename a file or folder. Gives nil, a message and a code on failure.
---@param oldname string
---@param newname string
---@return boolean?
---@return string?
---@return integer?
function os.rename(oldname, newname) end

---Set or, without a locale, ask for the current locale.
---@param locale? string
---@param category? "all"|"collate"|"ctype"|"monetary"|"numeric"|"time"
---@return string?
function os.setlocale(locale, category) end

---The current time, or that of a table with year, month, day and so on, in seconds since the epoch.
---@param table? osdate
---@return integer
function os.time(table) end

---A name for a temporary file.
---@return string
function os.tmpname() end

---A date in parts, as `os.date("*t")` gives it and `os.time` takes it; `os.time` needs year, month and day alone.
---@class osdate
---@field year integer|string Four digits.
---@field month integer|string 1 to 12.
---@field day integer|string 1 to 31.
---@field hour? integer|string 0 to 23. Default: `12`.
---@field min? integer|string 0 to 59. Default: `0`.
---@field sec? integer|string 0 to 61. Default: `0`.
---@field wday? integer Day of the week, 1 is Sunday.
---@field yday? integer Day of the year.
---@field isdst? boolean Whether it is summer time.
