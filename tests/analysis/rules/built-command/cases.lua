-- case: a command from values
local function list(folder)
  os.execute("ls " .. folder)
             ^^^^^^^^^^^^^^^ warning built-command: A command is built from `folder`: what it holds is run by the shell; quote it
  local pipe = io.popen(string.format("ls %s", folder))
                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning built-command: A command is built from `folder`: what it holds is run by the shell; quote it
  local other = io.popen(("ls '%s'"):format(folder))
                         ^^^^^^^^^^^^^^^^^^^^^^^^^^ warning built-command: A command is built from `folder`: what it holds is run by the shell; quote it
  return pipe, other
end
list(ARGS.folder)

-- case: through a local
local command = "rm -r " .. ARGS.folder
os.execute(command)
           ^^^^^^^ warning built-command: A command is built from `command`, which is an argument of the script: what it holds is run by the shell; quote it

-- case: constants, numbers and quoted parts
local folder = "/tmp/build"
os.execute("ls " .. folder .. " | head -" .. #folder)
os.execute(string.format("sleep %d", ARGS.seconds))
local shell_quote = require("shell").quote
os.execute("ls " .. shell_quote(ARGS.folder))
os.execute("ls '" .. ARGS.folder:gsub("'", "'\\''") .. "'")
for i = 1, 3 do os.execute("sleep " .. i) end

-- case: a command that is not put together here
local function run(command) os.execute(command) end
run("ls")

-- case: a shell of the tool
Tool.execute("process-executor", { executable = "bash", arguments = { "-c", "ls " .. ARGS.folder } })
                                                                            ^^^^^^^^^^^^^^^^^^^^ warning built-command: A command is built from `ARGS.folder`, which is an argument of the script: what it holds is run by the shell; quote it
Tool.execute("process-executor", { executable = "ls", arguments = { "-l", "./" .. ARGS.folder } })

-- case: a function of the script
local os = { execute = print }
os.execute("ls " .. ARGS.folder)
